import './thumbnails.css';

import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import { t } from '../locales/locale.js';
import { CloseIcon, TrashIcon } from '../shell/icons.js';
import { FilePicker, focusFilePicker } from './file-picker.js';
import { Thumbnail } from './thumbnail.js';
import { clearMedia, media, type MediaItem, removeMedia, selected, selectMedia } from './tray.js';

/** Everything in the tray, to look at one by one or to take out, and the way to more. */
export function Thumbnails() {
  return (
    <div class="thumbnails">
      <ul class="thumbnails-list">
        {media.value.map((item) => (
          <li
            key={item.id}
            onKeyDown={(event) => {
              if (event.key !== 'Delete') return;
              event.preventDefault();
              remove(item, event.currentTarget);
            }}
          >
            <MediaThumbnail item={item} />
          </li>
        ))}
      </ul>
      <div class="thumbnails-actions">
        {media.value.length < MAX_MEDIA_PER_REQUEST && <FilePicker wanted="more" />}
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            clearMedia();
            focusFilePicker();
          }}
        >
          <TrashIcon />
          {t().tray.clear}
        </button>
      </div>
    </div>
  );
}

function MediaThumbnail({ item }: { item: MediaItem }) {
  const { name } = item.file;
  return (
    <>
      <button
        type="button"
        class="thumbnails-select"
        aria-label={t().tray.select(name)}
        aria-pressed={selected.value === item}
        title={name}
        onClick={() => selectMedia(item.id)}
      >
        <Thumbnail kind={item.kind} url={item.url} />
      </button>
      <button
        type="button"
        class="thumbnails-remove"
        aria-label={t().tray.remove(name)}
        onClick={({ currentTarget }) => {
          const place = currentTarget.closest('li');
          if (place) remove(item, place);
        }}
      >
        <CloseIcon />
      </button>
    </>
  );
}

/** Takes one out, and the focus with it to a neighbour: lost focus sends keyboards back to the top of the page. */
function remove({ id }: MediaItem, place: HTMLElement): void {
  const neighbour = place.nextElementSibling ?? place.previousElementSibling;
  neighbour?.querySelector('button')?.focus();
  removeMedia(id);
  if (!neighbour) focusFilePicker();
}
