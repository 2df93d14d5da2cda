import type { PromptChunk } from '../language/build-prompt.js';
import { countCommonPositions, countReadOnce } from './request-prompts.js';

/** What a request takes at most while it is worked on. */
export interface MemoryNeed {
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
export function memoryNeed(
  prompts: readonly (readonly PromptChunk[])[],
  visualTokens: number,
  maxTokens: number,
  { hiddenSize }: Pick<MemoryCosts, 'hiddenSize'>,
): MemoryNeed {
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
export function bytesTogether(
  needs: readonly MemoryNeed[],
  { cacheBytesPerToken }: Pick<MemoryCosts, 'cacheBytesPerToken'>,
): number {
  const sum = (count: (need: MemoryNeed) => number) =>
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
export function wholeContextBytes(
  maxPositions: number,
  { cacheBytesPerToken, hiddenSize }: MemoryCosts,
): number {
  return maxPositions * (2 * cacheBytesPerToken + hiddenSize * FLOAT_BYTES);
}

/** Positions that are read once for all prompts, and those that the longest has behind them. */
function partPrompts(
  prompts: readonly (readonly PromptChunk[])[],
  visualTokens: number,
): { readonly sharedPositions: number; readonly longestRest: number } {
  const [first = []] = prompts;
  const media = first.filter(({ kind }) => kind !== 'text').length;
  const ones = { image: new Array<number>(media).fill(1), video: new Array<number>(media).fill(1) };
  const common = countCommonPositions(prompts, ones);
  const longest = Math.max(...prompts.map((chunks) => chunks.reduce(addChunk, 0)));
  // Counted as one position each so far. Where not all of them are in the common beginning, each prompt may hold them.
  const added = visualTokens - media;
  const sharedPositions = mediaWithin(first, common) === media ? countReadOnce(common + added) : 0;
  return { sharedPositions, longestRest: longest + added - sharedPositions };
}

/** How many pictures and clips stand in the first positions of a prompt, each of them one position. */
function mediaWithin(chunks: readonly PromptChunk[], positions: number): number {
  let end = 0;
  return chunks.filter((chunk) => {
    end = addChunk(end, chunk);
    return chunk.kind !== 'text' && end <= positions;
  }).length;
}

function addChunk(positions: number, chunk: PromptChunk): number {
  return positions + (chunk.kind === 'text' ? chunk.ids.length : 1);
}
