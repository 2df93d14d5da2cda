import './thumbnail.css';

import { useSignal } from '@preact/signals';

import { ClipIcon, PictureIcon } from '../shell/icons.js';
import type { MediaFileKind } from './file-kind.js';

/** A moment in, where a clip that fades in or fills up has something to show. */
const SHOWN_AT = '#t=1';

/** A small picture of a picture or a clip; its name is told by what it stands in. */
export function Thumbnail({ kind, url }: { kind: MediaFileKind; url: string }) {
  const broken = useSignal(false);
  const onError = () => {
    broken.value = true;
  };
  return (
    <span class="thumbnail">
      {broken.value && (kind === 'image' ? <PictureIcon /> : <ClipIcon />)}
      {!broken.value && kind === 'image' && (
        <img src={url} alt="" loading="lazy" decoding="async" draggable={false} onError={onError} />
      )}
      {!broken.value && kind === 'video' && (
        <video
          src={url + SHOWN_AT}
          muted
          playsInline
          preload="metadata"
          tabIndex={-1}
          aria-hidden="true"
          onError={onError}
        />
      )}
      {!broken.value && kind === 'video' && (
        <span class="thumbnail-clip">
          <ClipIcon />
        </span>
      )}
    </span>
  );
}
