import { SalamandraError } from '../errors/salamandra-error.js';
import type { PromptSegment } from '../language/build-prompt.js';
import { countVideoTokens, countVisualTokens } from '../vision/count-visual-tokens.js';
import { boundVisualTokens, chooseTileLayout, type Detail } from '../vision/plan-tiles.js';
import type { VisionModel } from './loaded-model.js';
import { countTextIds } from './prompts.js';
import type { RequestMedia } from './vision-language-engine.js';

/**
 * Visual tokens that the images and videos of a request may have together, so that its longest conversation and an
 * answer of `maxTokens` fit the context window.
 *
 * @param minVisualTokens visual tokens at the lowest detail, with one frame per video.
 * @throws CONTEXT_LENGTH_EXCEEDED if the minimum does not fit.
 */
export function resolveVisualTokenBudget(
  prompts: readonly (readonly PromptSegment[])[],
  limits: {
    readonly maxPositions: number;
    readonly maxTokens: number;
    readonly minVisualTokens: number;
  },
): number {
  const textTokens = Math.max(0, ...prompts.map(countTextIds));
  const { maxPositions, maxTokens, minVisualTokens } = limits;
  const budget = maxPositions - textTokens - maxTokens;
  if (budget < minVisualTokens) {
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      `The context window has ${maxPositions} tokens. The text takes ${textTokens}, the media at least ` +
        `${minVisualTokens}, and max_tokens reserves ${maxTokens} for the answer. ` +
        'Shorten the text, send fewer media or lower max_tokens.',
      {
        details: {
          context_length: maxPositions,
          text_tokens: textTokens,
          min_image_tokens: minVisualTokens,
          max_tokens: maxTokens,
        },
      },
    );
  }
  return budget;
}

/** Fewest visual tokens of the media: one tile per image, one frame per video. 0 for a text-only model. */
export function minVisualTokens(
  media: readonly { readonly kind: RequestMedia['kind'] }[],
  vision: Pick<VisionModel, 'geometry'> | null,
): number {
  if (!vision) return 0;
  const { geometry } = vision;
  return media.reduce((total, { kind }) => {
    const tokens =
      kind === 'video'
        ? countVideoTokens(1, geometry)
        : countVisualTokens({ width: 1, height: 1 }, null, geometry);
    return total + tokens;
  }, 0);
}

/** Upper bound of the visual tokens of the media before they are decoded. 0 for a text-only model. */
export function boundRequestVisualTokens(
  media: readonly RequestMedia[],
  detail: Detail,
  budget: number,
  vision: Pick<VisionModel, 'geometry'> | null,
): number {
  if (!vision) return 0;
  const { geometry } = vision;
  const images = media.filter(({ kind }) => kind === 'image').length;
  const imageDetail = chooseTileLayout(images, geometry) === 'anyres' ? detail : 'low';
  const bounds = media.map((item) => {
    if (item.kind === 'image') return boundVisualTokens(imageDetail, geometry);
    const { frames } = item.sampling;
    return 'count' in frames ? countVideoTokens(frames.count, geometry) : Infinity;
  });
  return Math.min(
    bounds.reduce((total, bound) => total + bound, 0),
    budget,
  );
}

/**
 * Shares frames among videos: one each, then one more for each video in turn, until the tokens are spent or every video
 * has the requested number.
 *
 * @param requested frames of each video; Infinity if only the duration decides.
 * @param spareTokens tokens left after the first frame of each video.
 * @param frameTokens visual tokens of one frame.
 */
export function shareFrames(
  requested: readonly number[],
  spareTokens: number,
  frameTokens: number,
): number[] {
  let spareFrames = Math.floor(spareTokens / frameTokens);
  const shares = requested.map(() => 1);
  while (spareFrames > 0 && shares.some((share, video) => share < (requested[video] ?? 0))) {
    for (const [video, share] of shares.entries()) {
      if (spareFrames === 0 || share >= (requested[video] ?? 0)) continue;
      shares[video] = share + 1;
      spareFrames -= 1;
    }
  }
  return shares;
}
