import { type Command, Option } from 'commander';

import { MAX_SEGMENTS, MAX_VIDEO_SECONDS } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { Recipe } from '../jobs/recipe.js';
import { CAPTION_KINDS, type CaptionKind } from '../language/languages.js';
import type { Granularity } from '../video-captions/plan-segments.js';
import { parseNumber, parseSampling, type SamplingOptions } from './media-options.js';
import { parseLanguages } from './suggestions.js';

/** Options that say which texts are written, before they are parsed. */
export interface RecipeOptions {
  readonly languages: string;
  readonly kind: string;
  readonly by: Granularity['kind'];
  readonly interval: string;
}

export function addRecipeOptions(command: Command): Command {
  return command
    .option(
      '--languages <codes>',
      'language codes separated by commas, or all: every language of the model',
      'en',
    )
    .option(
      '--kind <kinds>',
      `kinds of text, separated by commas: ${CAPTION_KINDS.join(', ')}`,
      'caption',
    )
    .addOption(
      new Option('--by <unit>', 'write one caption for the whole video, each shot or each interval')
        .choices(['whole', 'shot', 'interval'])
        .default('whole'),
    )
    .option('--interval <seconds>', 'length of the intervals of --by interval', '10');
}

/** The recipe of a job. @throws INVALID_PARAMETER */
export function readRecipe(options: RecipeOptions & SamplingOptions): Recipe {
  const languages = parseLanguages(options.languages);
  return {
    languages: languages === 'all' ? 'all' : languages.map(({ code }) => code),
    kinds: parseKinds(options.kind),
    detail: options.detail,
    granularity: parseGranularity(options),
    sampling: parseSampling(options),
  };
}

/** @throws INVALID_PARAMETER */
export function parseGranularity({ by, interval }: RecipeOptions): Granularity {
  switch (by) {
    case 'whole':
      return { kind: by };
    case 'shot':
      return { kind: by, maxShots: MAX_SEGMENTS };
    case 'interval':
      return { kind: by, seconds: parseNumber('--interval', interval, 0.1, MAX_VIDEO_SECONDS) };
  }
}

/** @throws INVALID_PARAMETER */
export function parseKinds(text: string): CaptionKind[] {
  return [...new Set(text.split(',').map((kind) => parseKind(kind.trim())))];
}

function parseKind(text: string): CaptionKind {
  const kind = CAPTION_KINDS.find((name) => name === text);
  if (kind) return kind;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `Unknown kind "${text}" in --kind. Use ${CAPTION_KINDS.join(', ')}.`,
  );
}
