import type { PromptSegment } from '../../language/build-prompt.js';
import { commonPrefixLength, alignedSharedPrefix } from '../prompts.js';

/** What a request takes at most while it is worked on. */
export interface MemoryEstimate {
  /** The embeddings of its media. */
  readonly mediaBytes: number;
  /** Positions that its conversations begin with in common. */
  readonly sharedPositions: number;
  /** Positions of each conversation behind those, its answer included. */
  readonly ownPositions: number;
  /** How many of its conversations are open at once. */
  readonly sequences: number;
}

export interface MemoryCosts {
  /** Of keys and values. */
  readonly cacheBytesPerToken: number;
  readonly hiddenSize: number;
}

const FLOAT_BYTES = 4;

/** The worst case of a request: answers of full length behind prompts whose media become `visualTokens` positions. */
export function estimateMemory(
  prompts: readonly (readonly PromptSegment[])[],
  visualTokens: number,
  maxTokens: number,
  { hiddenSize }: Pick<MemoryCosts, 'hiddenSize'>,
): MemoryEstimate {
  const { sharedPositions, longestRest } = partPrompts(prompts, visualTokens);
  return {
    mediaBytes: visualTokens * hiddenSize * FLOAT_BYTES,
    sharedPositions,
    ownPositions: longestRest + maxTokens,
    sequences: prompts.length,
  };
}

/**
 * Bytes of requests that are worked on at once. In a step sequences lie side by side, each with the room of the longest;
 * those of one request continue behind one beginning, and of several requests each may hold a copy of its own.
 */
export function totalBytes(
  needs: readonly MemoryEstimate[],
  { cacheBytesPerToken }: Pick<MemoryCosts, 'cacheBytesPerToken'>,
): number {
  const sum = (count: (need: MemoryEstimate) => number) =>
    needs.reduce((total, need) => total + count(need), 0);
  const longest = Math.max(
    0,
    ...needs.map(({ sharedPositions, ownPositions }) =>
      needs.length > 1 ? sharedPositions + ownPositions : ownPositions,
    ),
  );
  // While a beginning is copied for the conversations behind it, it is there twice.
  const beginnings = sum(({ sequences, sharedPositions }) =>
    sequences > 1 ? 2 * sharedPositions : sharedPositions,
  );
  const positions = beginnings + longest * sum(({ sequences }) => sequences);
  return sum(({ mediaBytes }) => mediaBytes) + positions * cacheBytesPerToken;
}

/** Bytes with which any request that fits the context can be answered, one conversation after another. */
export function fullContextBytes(
  maxPositions: number,
  { cacheBytesPerToken, hiddenSize }: MemoryCosts,
): number {
  return maxPositions * (2 * cacheBytesPerToken + hiddenSize * FLOAT_BYTES);
}

/** Positions that are read once for all prompts, and those that the longest has behind them. */
function partPrompts(
  prompts: readonly (readonly PromptSegment[])[],
  visualTokens: number,
): { readonly sharedPositions: number; readonly longestRest: number } {
  const [first = []] = prompts;
  const media = first.filter(({ kind }) => kind !== 'text').length;
  const ones = { image: new Array<number>(media).fill(1), video: new Array<number>(media).fill(1) };
  const common = commonPrefixLength(prompts, ones);
  const longest = Math.max(...prompts.map((chunks) => chunks.reduce(addChunk, 0)));
  // Counted as one position each so far. Where not all of them are in the common beginning, each prompt may hold them.
  const added = visualTokens - media;
  const sharedPositions =
    mediaWithin(first, common) === media ? alignedSharedPrefix(common + added) : 0;
  return { sharedPositions, longestRest: longest + added - sharedPositions };
}

/** How many pictures and clips stand in the first positions of a prompt, each of them one position. */
function mediaWithin(chunks: readonly PromptSegment[], positions: number): number {
  let end = 0;
  return chunks.filter((chunk) => {
    end = addChunk(end, chunk);
    return chunk.kind !== 'text' && end <= positions;
  }).length;
}

function addChunk(positions: number, chunk: PromptSegment): number {
  return positions + (chunk.kind === 'text' ? chunk.ids.length : 1);
}
