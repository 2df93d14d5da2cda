import './video-preview.css';

import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { reportOf } from '../report/report-store.js';
import { FrameStrip } from './frame-strip.js';
import { evenTimes, formatTime } from './frame-times.js';
import { NoPreview } from './no-preview.js';
import type { MediaItem } from './media-store.js';

/** Frames in the strip before the service reports the sampled ones. */
const DEFAULT_FRAMES = 8;

interface VideoShape {
  readonly durationSeconds: number;
  readonly ratio: number;
}

/** A video player, and a strip with the sampled frames, or with evenly spaced frames before the first run. */
export function VideoPreview({ item }: { item: MediaItem }) {
  const player = useRef<HTMLVideoElement>(null);
  const state = useSignal<'loading' | 'broken' | VideoShape>('loading');
  const report = reportOf(item.id)?.media;
  const sampled = report?.kind === 'video' ? report.frames : null;
  const shape = typeof state.value === 'object' ? state.value : null;
  const times = useMemo(
    () => sampled ?? (shape ? evenTimes(shape.durationSeconds, DEFAULT_FRAMES) : []),
    [sampled, shape],
  );
  useEffect(() => {
    const video = player.current;
    return () => {
      // Releases the decoder and the file, which an element keeps until it is garbage-collected.
      video?.removeAttribute('src');
      video?.load();
    };
  }, []);
  const onLoaded = ({ currentTarget: video }: { currentTarget: HTMLVideoElement }) => {
    // No video track: audio only, or a codec unknown to the browser.
    state.value =
      video.videoHeight === 0
        ? 'broken'
        : { durationSeconds: video.duration, ratio: video.videoWidth / video.videoHeight };
  };
  const goTo = (time: number) => {
    if (player.current) player.current.currentTime = time;
  };
  if (state.value === 'broken') {
    return (
      <>
        <NoPreview item={item} />
        {times.length > 0 && (
          <ol class="video-preview-times" aria-label={t().media.frames}>
            {times.map((time, index) => (
              <li key={index}>{formatTime(time)}</li>
            ))}
          </ol>
        )}
      </>
    );
  }
  return (
    <>
      <video
        ref={player}
        class="video-preview"
        src={item.url}
        controls
        playsInline
        preload="metadata"
        aria-label={t().media.preview(item.file.name)}
        onLoadedMetadata={onLoaded}
        onError={() => {
          state.value = 'broken';
        }}
      />
      {shape && times.length > 0 && (
        <FrameStrip
          key={times.join()}
          url={item.url}
          times={times}
          ratio={shape.ratio}
          onChoose={goTo}
        />
      )}
    </>
  );
}
