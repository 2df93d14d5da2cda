import './frame-strip.css';

import { useEffect, useRef } from 'preact/hooks';

import { t } from '../locales/locale.js';
import { formatTime } from './frame-times.js';
import { readFrames } from './read-frames.js';

/** Of the canvases, in pixels: twice what the page gives them, for sharp screens. */
const CANVAS_HEIGHT = 144;

/** A clip's frames at some times, small; a click on one goes there. Give it a key made of the times. */
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
    const reading = new AbortController();
    const canvases = [...(list.current?.querySelectorAll('canvas') ?? [])];
    const draw = (video: HTMLVideoElement, index: number) => {
      const canvas = canvases[index];
      canvas?.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
    };
    readFrames(url, times, draw, reading.signal).catch(() => {
      // Given up, or not playable from some point on: the times below the empty frames still hold.
    });
    return () => reading.abort();
  }, [url, times]);
  return (
    <ol class="frame-strip" ref={list} aria-label={t().tray.frames}>
      {times.map((time, index) => (
        <li key={index}>
          <button
            type="button"
            aria-label={t().tray.frameAt(formatTime(time))}
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
