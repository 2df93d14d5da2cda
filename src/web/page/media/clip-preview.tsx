import './clip-preview.css';

import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { reportOf } from '../report/reports.js';
import { FrameStrip } from './frame-strip.js';
import { evenTimes, formatTime } from './frame-times.js';
import { NoPreview } from './no-preview.js';
import type { MediaItem } from './tray.js';

/** Frames of the strip until the service has said at which it looked. */
const FRAMES_BEFORE_RUN = 8;

interface ClipShape {
  readonly durationSeconds: number;
  readonly ratio: number;
}

/** A clip to play, and its frames: those the model looked at once it has, some others before. */
export function ClipPreview({ item }: { item: MediaItem }) {
  const player = useRef<HTMLVideoElement>(null);
  const state = useSignal<'loading' | 'broken' | ClipShape>('loading');
  const report = reportOf(item.id)?.media;
  const seen = report?.kind === 'video' ? report.frames : null;
  const shape = typeof state.value === 'object' ? state.value : null;
  const times = useMemo(
    () => seen ?? (shape ? evenTimes(shape.durationSeconds, FRAMES_BEFORE_RUN) : []),
    [seen, shape],
  );
  useEffect(() => {
    const video = player.current;
    return () => {
      // A player that is only dropped keeps its decoder and the file until it is collected.
      video?.removeAttribute('src');
      video?.load();
    };
  }, []);
  const onLoaded = ({ currentTarget: video }: { currentTarget: HTMLVideoElement }) => {
    // No picture: sound alone, or a codec that the browser does not know.
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
        <NoPreview kind="video" />
        {times.length > 0 && (
          <ol class="clip-preview-times" aria-label={t().tray.frames}>
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
        class="clip-preview"
        src={item.url}
        controls
        playsInline
        preload="metadata"
        aria-label={t().tray.preview(item.file.name)}
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
