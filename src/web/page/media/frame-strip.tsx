import './frame-strip.css';

import { useEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { formatTime } from './frame-times.js';

/** Height of the canvases in pixels: twice the displayed height, for high-density screens. */
const CANVAS_HEIGHT = 144;

/**
 * Seconds added to each timestamp: timestamps are rounded, and a slightly earlier position shows the previous frame.
 */
const SEEK_OFFSET_SECONDS = 0.002;

/** Thumbnails of a video at the given timestamps. Needs a `key` made of the timestamps. */
export function FrameStrip({
  url,
  times,
  ratio,
  onChoose,
}: {
  url: string;
  times: readonly number[];
  /** Width by height. */
  ratio: number;
  onChoose: (time: number) => void;
}) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const seeking = new AbortController();
    const canvases = [...(list.current?.querySelectorAll('canvas') ?? [])];
    const draw = (video: HTMLVideoElement, index: number) => {
      const canvas = canvases[index];
      canvas?.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
    };
    seekFrames(url, times, draw, seeking.signal).catch(() => {
      // Aborted, or not playable from here on. The remaining canvases stay empty; their timestamps are still valid.
    });
    return () => seeking.abort();
  }, [url, times]);
  return (
    <ol class="frame-strip" ref={list} aria-label={t().media.frames}>
      {times.map((time, index) => (
        <li key={index}>
          <button
            type="button"
            aria-label={t().media.frameAt(formatTime(time))}
            onClick={() => onChoose(time)}
          >
            <canvas width={Math.round(CANVAS_HEIGHT * ratio)} height={CANVAS_HEIGHT} />
            <span>{formatTime(time)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/**
 * Seeks to each timestamp in a video element outside the document.
 *
 * @param times seconds
 * @param onFrame called when the element shows the frame
 * @param signal stops the seeking and releases the decoder
 * @throws Error if the browser cannot play the video; the reason of `signal`
 */
async function seekFrames(
  url: string,
  times: readonly number[],
  onFrame: (video: HTMLVideoElement, index: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.preload = 'auto';
  try {
    const loaded = waitFor(video, 'loadeddata', signal);
    video.src = url;
    await loaded;
    for (const [index, time] of times.entries()) {
      const seeked = waitFor(video, 'seeked', signal);
      video.currentTime = Math.min(time + SEEK_OFFSET_SECONDS, video.duration);
      await seeked;
      onFrame(video, index);
    }
  } finally {
    video.removeAttribute('src');
    video.load();
  }
}

async function waitFor(
  video: HTMLVideoElement,
  event: 'loadeddata' | 'seeked',
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const done = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const options = { signal: done.signal };
      video.addEventListener(event, () => resolve(), options);
      video.addEventListener(
        'error',
        () => reject(new Error('The browser cannot play the video.')),
        options,
      );
      signal.addEventListener('abort', () => reject(signal.reason as Error), options);
    });
  } finally {
    done.abort();
  }
}
