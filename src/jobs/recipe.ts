import { createHash } from 'node:crypto';

import type { CaptionKind } from '../language/languages.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import type { Granularity } from '../video-captions/plan-segments.js';
import type { Detail } from '../vision/plan-tiles.js';

/** Which texts a job writes about every item. */
export interface Recipe {
  /** Language codes, or every language of the model. */
  readonly languages: readonly string[] | 'all';
  readonly kinds: readonly CaptionKind[];
  /** Of images. */
  readonly detail: Detail;
  /** Of videos. */
  readonly granularity: Granularity;
  readonly sampling: FrameSampling;
  /** What the model is told about a picture before the instruction. */
  readonly hint?: string | undefined;
}

/** What an item has instead of the recipe of its job. */
export type ItemOptions = Partial<Pick<Recipe, 'detail' | 'hint'>>;

/** The model that writes the texts of a job: the first worker's, from then on. */
export interface PinnedModel {
  readonly id: string;
  /** SHA-256 of the checkpoint's files. */
  readonly revision: string;
  readonly precision: string;
}

/**
 * SHA-256 of what determines the texts of a file: its content, the recipe and the model. Two items with the same one
 * have the same texts, in any job.
 */
export function fingerprintOf(contentSha256: string, recipe: Recipe, model: PinnedModel): string {
  return hashOf([contentSha256, recipe, model.id, model.revision, model.precision]);
}

/** SHA-256 of a JSON value. Objects with the same entries in another order have the same hash. */
export function hashOf(value: unknown): string {
  const text = JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
  return createHash('sha256').update(text).digest('hex');
}
