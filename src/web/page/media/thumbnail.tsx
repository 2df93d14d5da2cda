import './thumbnail.css';

import { useSignal } from '@preact/signals';

import { VideoIcon, ImageIcon } from '../shell/icons.js';
import { drawThumbnail } from './drawn-thumbnail.js';
import type { MediaFileKind } from './file-kind.js';
import type { MediaItem } from './media-store.js';

/** Videos often start with a black frame, so the thumbnail shows the frame at 1 s. */
const TIME_FRAGMENT = '#t=1';

interface ThumbnailProps {
  readonly kind: MediaFileKind;
  readonly url: string;
  /** For files that the browser may be unable to show: the service draws them. */
  readonly item?: MediaItem;
}

/** A thumbnail without a name for screen readers: the enclosing button has one. */
export function Thumbnail({ kind, url, item }: ThumbnailProps) {
  const broken = useSignal(false);
  const drawing = broken.value && item ? drawThumbnail(item).value : null;
  const drawn = drawing !== null && typeof drawing === 'object' ? drawing.url : null;
  const onError = () => {
    broken.value = true;
  };
  return (
    <span class="thumbnail">
      {drawn !== null && <img src={drawn} alt="" decoding="async" draggable={false} />}
      {broken.value && drawn === null && (kind === 'image' ? <ImageIcon /> : <VideoIcon />)}
      {!broken.value && kind === 'image' && (
        <img src={url} alt="" loading="lazy" decoding="async" draggable={false} onError={onError} />
      )}
      {!broken.value && kind === 'video' && (
        <video
          src={url + TIME_FRAGMENT}
          muted
          playsInline
          preload="metadata"
          tabIndex={-1}
          aria-hidden="true"
          onError={onError}
        />
      )}
      {(!broken.value || drawn !== null) && kind === 'video' && (
        <span class="thumbnail-video">
          <VideoIcon />
        </span>
      )}
    </span>
  );
}
