/** Worst-case memory of a request while it is admitted. */
export interface MemoryEstimate {
  /** Image and video features. */
  readonly featureBytes: number;
  /** Positions of the prefix that all conversations share. */
  readonly sharedPositions: number;
  /** Positions of the longest conversation after the shared prefix, answer included. */
  readonly ownPositions: number;
  /** Conversations that are open at once. */
  readonly sequences: number;
}

export interface MemoryCosts {
  /** Keys and values of one position, in bytes. */
  readonly cacheBytesPerToken: number;
  readonly hiddenSize: number;
}

const FLOAT_BYTES = 4;

/** Bytes of image and video features, `[visualTokens, hidden]` float32. */
export function featureBytes(visualTokens: number, hiddenSize: number): number {
  return visualTokens * hiddenSize * FLOAT_BYTES;
}

/**
 * Bytes of all admitted requests together. In a decode batch every sequence has the capacity of the longest one.
 * Conversations of one request share a prefix; sequences of other requests may hold a copy of theirs.
 */
export function totalBytes(
  estimates: readonly MemoryEstimate[],
  { cacheBytesPerToken }: Pick<MemoryCosts, 'cacheBytesPerToken'>,
): number {
  const sum = (count: (estimate: MemoryEstimate) => number) =>
    estimates.reduce((total, estimate) => total + count(estimate), 0);
  const longest = Math.max(
    0,
    ...estimates.map(({ sharedPositions, ownPositions }) =>
      estimates.length > 1 ? sharedPositions + ownPositions : ownPositions,
    ),
  );
  // A prefix exists twice while it is copied for its conversations.
  const prefixes = sum(({ sequences, sharedPositions }) =>
    sequences > 1 ? 2 * sharedPositions : sharedPositions,
  );
  const positions = prefixes + longest * sum(({ sequences }) => sequences);
  return sum((estimate) => estimate.featureBytes) + positions * cacheBytesPerToken;
}

/** Smallest budget that can run any request that fits the context window, one conversation at a time. */
export function fullContextBytes(
  maxPositions: number,
  { cacheBytesPerToken, hiddenSize }: MemoryCosts,
): number {
  return maxPositions * (2 * cacheBytesPerToken + hiddenSize * FLOAT_BYTES);
}
