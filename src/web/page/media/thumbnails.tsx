import './thumbnails.css';

import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import { t } from '../locales/locale.js';
import { CloseIcon, TrashIcon } from '../shell/icons.js';
import { FilePicker, focusFilePicker } from './file-picker.js';
import { Thumbnail } from './thumbnail.js';
import {
  clearMedia,
  media,
  type MediaItem,
  removeMedia,
  selected,
  selectMedia,
} from './media-store.js';

/** The added files: select, remove, and add more. */
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
        {media.value.length < MAX_MEDIA_PER_REQUEST && <FilePicker adds="more" />}
        <button
          type="button"
          class="button quiet"
          onClick={() => {
            clearMedia();
            focusFilePicker();
          }}
        >
          <TrashIcon />
          {t().media.clear}
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
        aria-label={t().media.select(name)}
        aria-pressed={selected.value === item}
        title={name}
        onClick={() => selectMedia(item.id)}
      >
        <Thumbnail kind={item.kind} url={item.url} item={item} />
      </button>
      <button
        type="button"
        class="thumbnails-remove"
        aria-label={t().media.remove(name)}
        onClick={({ currentTarget }) => {
          const entry = currentTarget.closest('li');
          if (entry) remove(item, entry);
        }}
      >
        <CloseIcon />
      </button>
    </>
  );
}

/** Removes an item and focuses its neighbor: a removed element would lose the focus to the top of the page. */
function remove({ id }: MediaItem, entry: HTMLElement): void {
  const neighbor = entry.nextElementSibling ?? entry.previousElementSibling;
  neighbor?.querySelector('button')?.focus();
  removeMedia(id);
  if (!neighbor) focusFilePicker();
}
