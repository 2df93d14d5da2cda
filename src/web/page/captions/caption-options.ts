import { MAX_SAMPLED_FRAMES, MAX_VIDEO_SECONDS } from '../../../config/limits.js';
import type { CaptionKind, ImageReport } from '../service/api-types.js';

export const KINDS: readonly CaptionKind[] = ['caption', 'alt', 'long', 'keywords'];
export const DETAILS: readonly Detail[] = ['low', 'auto', 'high'];
export const GRANULARITIES = ['whole', 'shot', 'interval'] as const;

export type Detail = ImageReport['detail'];

/** The unit of a video that gets a caption of its own. */
type Granularity = (typeof GRANULARITIES)[number];

/** The options of a caption run except the languages. */
export interface CaptionOptions {
  readonly kind: CaptionKind;
  /** Images only. */
  readonly detail: Detail;
  /** Videos only, as are the fields below. */
  readonly granularity: Granularity;
  readonly intervalSeconds: number;
  /** Frames to sample of the whole video, or of each shot or interval. */
  readonly frames: number;
}

export const DEFAULT_OPTIONS: CaptionOptions = {
  kind: 'caption',
  detail: 'auto',
  granularity: 'whole',
  intervalSeconds: 10,
  frames: 8,
};

/** The ranges that the service accepts. */
export const FRAMES = { least: 1, most: MAX_SAMPLED_FRAMES, step: 1 } as const;
export const INTERVAL_SECONDS = { least: 1, most: MAX_VIDEO_SECONDS, step: 'any' } as const;

/** Whether a stored value is a valid set of options. */
export function isCaptionOptions(value: unknown): value is CaptionOptions {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, detail, granularity, intervalSeconds, frames } = value as Record<string, unknown>;
  return (
    isOneOf(KINDS, kind) &&
    isOneOf(DETAILS, detail) &&
    isOneOf(GRANULARITIES, granularity) &&
    isWithin(INTERVAL_SECONDS, intervalSeconds) &&
    isWithin(FRAMES, frames)
  );
}

export interface NumberRange {
  readonly least: number;
  readonly most: number;
  /** 1: integers only. */
  readonly step: 1 | 'any';
}

/** Whether a value is a number within the range. */
export function isWithin({ least, most, step }: NumberRange, value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  return value >= least && value <= most && (step === 'any' || Number.isInteger(value));
}

function isOneOf(list: readonly unknown[], value: unknown): boolean {
  return list.includes(value);
}
