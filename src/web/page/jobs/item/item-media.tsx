import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import { ImageIcon } from '../../shell/icons.js';
import type { Item } from '../job-types.js';
import { mediaUrl, previewUrl, thumbnailUrl } from '../jobs-api.js';

/** Shows a second of the clip. */
export type SeekTo = (seconds: number) => void;

interface ItemMediaProps {
  readonly job: string;
  readonly item: Item;
  /** Set to the function of this clip. */
  readonly seek: { current: SeekTo };
}

/** The picture or clip, large. What the browser cannot show is replaced by the thumbnail of the service. */
export function ItemMedia({ job, item, seek }: ItemMediaProps) {
  /** Addresses in the order in which they are tried. */
  const sources = [previewUrl(job, item.id), thumbnailUrl(job, item.id)];
  const attempt = useSignal(0);
  const isUnplayable = useSignal(false);
  const player = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    seek.current = (seconds) => {
      if (!player.current) return;
      player.current.currentTime = seconds;
      player.current.scrollIntoView({ block: 'nearest' });
    };
    const video = player.current;
    return () => {
      // Releases the decoder and the connection, which an element keeps until it is garbage-collected.
      video?.removeAttribute('src');
      video?.load();
    };
  }, []);
  const name = item.title || item.identifier;
  const source = sources[attempt.value];
  return (
    <figure class="item-media">
      {item.kind === 'video' && !isUnplayable.value ? (
        <video
          ref={player}
          src={mediaUrl(job, item.id)}
          poster={thumbnailUrl(job, item.id)}
          controls
          playsInline
          preload="metadata"
          aria-label={t().media.preview(name)}
          onError={() => {
            isUnplayable.value = true;
          }}
        />
      ) : source === undefined ? (
        <p class="item-media-none">
          <ImageIcon />
          {t().jobs.item.noPicture}
        </p>
      ) : (
        <img
          src={source}
          alt={t().media.preview(name)}
          decoding="async"
          onError={() => {
            attempt.value += 1;
          }}
        />
      )}
      <figcaption>
        <a href={mediaUrl(job, item.id)} target="_blank" rel="noopener">
          {t().jobs.item.original}
        </a>
      </figcaption>
    </figure>
  );
}
