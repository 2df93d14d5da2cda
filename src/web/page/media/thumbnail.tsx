import './thumbnail.css';

import { useSignal } from '@preact/signals';

import { VideoIcon, ImageIcon } from '../shell/icons.js';
import type { MediaFileKind } from './file-kind.js';

/** Videos often start with a black frame, so the thumbnail shows the frame at 1 s. */
const TIME_FRAGMENT = '#t=1';

/** A thumbnail without a name for screen readers: the enclosing button has one. */
export function Thumbnail({ kind, url }: { kind: MediaFileKind; url: string }) {
  const broken = useSignal(false);
  const onError = () => {
    broken.value = true;
  };
  return (
    <span class="thumbnail">
      {broken.value && (kind === 'image' ? <ImageIcon /> : <VideoIcon />)}
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
      {!broken.value && kind === 'video' && (
        <span class="thumbnail-video">
          <VideoIcon />
        </span>
      )}
    </span>
  );
}
