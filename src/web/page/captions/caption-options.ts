import { MAX_SAMPLED_FRAMES, MAX_VIDEO_SECONDS } from '../../../config/limits.js';
import type { CaptionKind, ImageReport } from '../service/api-types.js';

export const KINDS: readonly CaptionKind[] = ['caption', 'alt', 'long', 'keywords'];
export const DETAILS: readonly Detail[] = ['low', 'auto', 'high'];
export const GRANULARITIES = ['programme', 'shot', 'interval'] as const;

export type Detail = ImageReport['detail'];

/** What a text of a clip is about: all of it, each shot, or each so many seconds. */
type Granularity = (typeof GRANULARITIES)[number];

/** What can be chosen beside the languages. */
export interface CaptionOptions {
  readonly kind: CaptionKind;
  /** Of pictures. */
  readonly detail: Detail;
  /** The rest is of clips. */
  readonly granularity: Granularity;
  readonly intervalSeconds: number;
  /** To look at: in all, or in each shot or interval. */
  readonly frames: number;
}

export const DEFAULT_OPTIONS: CaptionOptions = {
  kind: 'caption',
  detail: 'auto',
  granularity: 'programme',
  intervalSeconds: 10,
  frames: 8,
};

/** What the service takes as frames and as seconds of an interval. */
export const FRAMES = { least: 1, most: MAX_SAMPLED_FRAMES, step: 1 } as const;
export const INTERVAL_SECONDS = { least: 1, most: MAX_VIDEO_SECONDS, step: 'any' } as const;

/** Whether a value that storage held is a set of options. */
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
  /** 1: whole numbers only. */
  readonly step: 1 | 'any';
}

/** Whether the service would take a number. */
export function isWithin({ least, most, step }: NumberRange, value: unknown): value is number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  return value >= least && value <= most && (step === 'any' || Number.isInteger(value));
}

function isOneOf(list: readonly unknown[], value: unknown): boolean {
  return list.includes(value);
}
