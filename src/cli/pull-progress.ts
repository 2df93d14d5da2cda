import type { PullProgress } from '../models/install/pull-events.js';
import { formatBytes } from './format-bytes.js';

/** What is shown of a pull: a line for a terminal, and a shorter text that changes rarely for logs. */
export interface ProgressText {
  readonly text: string;
  readonly brief: string;
}

/** With it the longest line fits the 80 columns of a terminal. */
const BAR_WIDTH = 10;
/** A rate is that of the last while; over less than a moment it would be noise. */
const RATE_WINDOW_MS = 15_000;
const MIN_RATE_MS = 2_000;
const DONE_STEPS = 10;

/**
 * Words, rate and time left for each progress of a pull. The time is that of downloading and converting what is left,
 * each at its own pace; before the first conversion it counts the download alone.
 *
 * @param now milliseconds of a clock that never goes back. The result is called a few times a second, and at each new step.
 */
export function createPullProgress(now: () => number): (progress: PullProgress) => ProgressText {
  const download = createRate(now);
  const convert = createRate(now);
  return (progress) => {
    const { step, downloadedBytes, convertedBytes, totalBytes } = progress;
    download.record(step === 'download' || step === 'prepare', downloadedBytes);
    convert.record(step === 'convert', convertedBytes);
    const done = totalBytes === 0 ? 1 : shareDone(progress);
    const words = describeStep(progress);
    const rate = step === 'download' ? download.bytesPerSecond() : null;
    const left = secondsLeft(progress, download.bytesPerSecond(), convert.bytesPerSecond());
    const parts = [
      `${words} ${bar(done)} ${Math.floor(done * 100)} %`,
      `${formatBytes(downloadedBytes)} of ${formatBytes(totalBytes)}`,
      ...(rate === null ? [] : [`${formatBytes(rate)}/s`]),
      ...(left === null || step === 'finish' ? [] : [`${formatRoughDuration(left)} left`]),
    ];
    const rough = Math.floor(done * DONE_STEPS) * (100 / DONE_STEPS);
    const brief = step === 'prepare' ? words : `${words}, ${rough} %`;
    return { text: parts.join(', '), brief };
  };
}

/** Downloading and converting count alike: both are work on every byte. */
function shareDone({ step, downloadedBytes, convertedBytes, totalBytes }: PullProgress): number {
  return step === 'prepare'
    ? downloadedBytes / totalBytes
    : (downloadedBytes + convertedBytes) / (2 * totalBytes);
}

function describeStep({ step, file, files }: PullProgress): string {
  const place = files > 1 ? ` ${file}/${files}` : '';
  switch (step) {
    case 'prepare':
      return 'Fetching tokenizer';
    case 'download':
      return `Downloading${place}`;
    case 'check':
      return `Checking${place}`;
    case 'convert':
      return `Converting${place}`;
    case 'finish':
      return 'Finishing';
  }
}

/** Null while it cannot be known. */
function secondsLeft(
  { step, downloadedBytes, convertedBytes, totalBytes }: PullProgress,
  downloadRate: number | null,
  convertRate: number | null,
): number | null {
  const missing = totalBytes - downloadedBytes;
  if (missing > 0 && downloadRate === null) return null;
  const downloading = missing > 0 && downloadRate ? missing / downloadRate : 0;
  if (step === 'prepare') return downloading;
  const unconverted = totalBytes - convertedBytes;
  if (convertRate === null) return missing > 0 ? downloading : null;
  return downloading + unconverted / convertRate;
}

/** Bytes a second of a counter, over the last while in which it was at work. */
function createRate(now: () => number) {
  let samples: { readonly ms: number; readonly bytes: number }[] = [];
  let last: number | null = null;
  return {
    record(isAtWork: boolean, bytes: number): void {
      if (!isAtWork) {
        // The time until it goes on is not its own; its rate stays known.
        samples = [];
        return;
      }
      const ms = now();
      samples.push({ ms, bytes });
      // The last one before the window stays: with it the samples span all of it.
      while (ms - (samples[1]?.ms ?? ms) > RATE_WINDOW_MS) samples.shift();
      const [first] = samples;
      if (first && ms - first.ms >= MIN_RATE_MS) {
        last = (1000 * (bytes - first.bytes)) / (ms - first.ms);
      }
    },
    bytesPerSecond: () => (last !== null && last > 0 ? last : null),
  };
}

function bar(done: number): string {
  const filled = Math.round(done * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
}

/** In the unit that a person would take: `40 s`, `12 min`, `2 h 5 min`. */
export function formatRoughDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
