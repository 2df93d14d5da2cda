import { parseInteger } from '../config/configuration.js';
import { MAX_FRAMES_PER_SECOND, MAX_SAMPLED_FRAMES, MAX_VIDEO_SECONDS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { DEFAULT_FRAMES, type FrameSampling, type TimeRange } from '../media/frame-sampling.js';

/** As they were typed. */
export interface ClipOptions {
  readonly frames?: string;
  readonly fps?: string;
  readonly start?: string;
  readonly end?: string;
  readonly sampling: FrameSampling['mode'];
}

const LEAST_FRAMES_PER_SECOND = 0.001;

/** The frames that options ask for. @throws INVALID_PARAMETER */
export function parseSampling({ frames, fps, start, end, sampling }: ClipOptions): FrameSampling {
  if (frames !== undefined && fps !== undefined) {
    throw new SalamandraError('INVALID_PARAMETER', 'Give either --frames or --fps.');
  }
  const range = parseRange(start, end);
  return {
    mode: sampling,
    frames:
      fps === undefined
        ? {
            count: parseInteger(
              '--frames',
              frames ?? String(DEFAULT_FRAMES),
              1,
              MAX_SAMPLED_FRAMES,
            ),
          }
        : { perSecond: parseNumber('--fps', fps, LEAST_FRAMES_PER_SECOND, MAX_FRAMES_PER_SECOND) },
    ...(range && { range }),
  };
}

function parseRange(start: string | undefined, end: string | undefined): TimeRange | undefined {
  if (start === undefined && end === undefined) return undefined;
  const startSeconds = start === undefined ? 0 : parseTime('--start', start);
  const endSeconds = end === undefined ? null : parseTime('--end', end);
  if (endSeconds !== null && endSeconds <= startSeconds) {
    throw new SalamandraError('INVALID_PARAMETER', '--end must come after --start.');
  }
  return { startSeconds, endSeconds };
}

/** Seconds, or MM:SS, or HH:MM:SS, each with or without a fraction. */
function parseTime(option: string, text: string): number {
  const [, hours = '0', minutes = '0', seconds] =
    /^(?:(?:(\d{1,3}):)?([0-5]?\d):(?=[0-5]?\d(?:\.|$)))?(\d{1,6}(?:\.\d{1,9})?)$/.exec(text) ?? [];
  const total = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  if (seconds !== undefined && total <= MAX_VIDEO_SECONDS) return total;
  throw new SalamandraError('INVALID_PARAMETER', `${option} takes seconds or HH:MM:SS.`, {
    details: { max_seconds: MAX_VIDEO_SECONDS },
  });
}

/** A decimal number within bounds. @throws INVALID_PARAMETER naming the option. */
export function parseNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new SalamandraError('INVALID_PARAMETER', `${option} takes a number.`, {
    details: { min: least, max: most },
  });
}
