import './no-preview.css';

import { t } from '../locales/locale.js';
import { VideoIcon, ImageIcon } from '../shell/icons.js';
import { drawThumbnail } from './drawn-thumbnail.js';
import type { MediaItem } from './media-store.js';

/** Replaces the preview of a format that the browser cannot show: by a thumbnail of the service if it can. */
export function NoPreview({ item }: { item: MediaItem }) {
  const thumbnail = drawThumbnail(item).value;
  if (typeof thumbnail === 'object') {
    return (
      <img
        class="no-preview-thumbnail"
        src={thumbnail.url}
        alt={t().media.preview(item.file.name)}
        draggable={false}
      />
    );
  }
  const texts = t().media;
  const text = { loading: texts.loading, unknown: texts.noPreview, unreadable: texts.unreadable };
  return (
    <p class="no-preview">
      {item.kind === 'image' ? <ImageIcon /> : <VideoIcon />}
      {text[thumbnail]}
    </p>
  );
}
