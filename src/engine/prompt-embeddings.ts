import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import type { ByKind, PromptSegment } from '../language/build-prompt.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import type { KeyedSegments, KeyedSegment } from '../cache/engine-caches.js';

/** One picture or clip in the prompts of a request. */
export interface KeyedMedia {
  /** Equal keys have equal embeddings. */
  readonly key: string;
  readonly visualTokens: number;
}

/** A prompt as the decoder reads it, but for the numbers. */
export interface CacheKeyedPrompt {
  readonly segments: KeyedSegments;
  /** In positions. */
  readonly length: number;
  /** Where the last picture or clip ends; 0 without any. */
  readonly mediaEnd: number;
  readonly mediaPositions: number;
  /** The ids of the text alone, in order: what a repetition penalty looks at. */
  readonly textIds: readonly number[];
}

/** Names every position of a prompt. @throws RangeError for a place without a picture or clip. */
export function toCacheKeyedPrompt(
  chunks: readonly PromptSegment[],
  media: ByKind<KeyedMedia>,
): CacheKeyedPrompt {
  const segments = chunks.map((chunk): KeyedSegment => {
    if (chunk.kind === 'text') return chunk;
    const shown = media[chunk.kind][chunk.index];
    if (!shown) throw new RangeError(`The prompt places a picture or clip that does not exist.`);
    return { kind: 'media', key: shown.key, length: shown.visualTokens };
  });
  let length = 0;
  let mediaEnd = 0;
  let mediaPositions = 0;
  for (const segment of segments) {
    length += lengthOf(segment);
    if (segment.kind === 'text') continue;
    mediaEnd = length;
    mediaPositions += segment.length;
  }
  const textIds = segments.flatMap((segment) => (segment.kind === 'text' ? segment.ids : []));
  return { segments, length, mediaEnd, mediaPositions, textIds };
}

/** The first positions of a prompt. */
export function firstPositions(segments: KeyedSegments, positions: number): KeyedSegments {
  let left = positions;
  return segments.flatMap((segment): KeyedSegment[] => {
    const length = Math.min(lengthOf(segment), left);
    left -= length;
    if (length === 0) return [];
    return [
      segment.kind === 'text'
        ? { ...segment, ids: segment.ids.slice(0, length) }
        : { ...segment, length },
    ];
  });
}

/**
 * The embeddings of positions `from` to `to` of a prompt, `[to - from, hidden]`.
 *
 * @param media by key; those that do not stand in these positions may be missing.
 * @throws RangeError when one that does is missing, or is of another length or width.
 */
export function embedPositions(
  { segments }: Pick<CacheKeyedPrompt, 'segments'>,
  from: number,
  to: number,
  media: ReadonlyMap<string, FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): FloatTensor {
  const { hiddenSize } = tokenEmbeddings;
  const rows = createTensor([to - from, hiddenSize]);
  let offset = 0;
  for (const segment of segments) {
    const length = lengthOf(segment);
    const start = Math.max(from - offset, 0);
    const end = Math.min(to - offset, length);
    if (start < end) {
      const part = rowsOf(segment, start, end, media, tokenEmbeddings);
      rows.data.set(part, (offset + start - from) * hiddenSize);
    }
    offset += length;
  }
  return rows;
}

function rowsOf(
  segment: KeyedSegment,
  start: number,
  end: number,
  media: ReadonlyMap<string, FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): Float32Array {
  if (segment.kind === 'text') return tokenEmbeddings.embed(segment.ids.slice(start, end)).data;
  const { hiddenSize } = tokenEmbeddings;
  const embeddings = media.get(segment.key);
  const [length, width] = embeddings?.shape ?? [];
  if (!embeddings || length !== segment.length || width !== hiddenSize) {
    throw new RangeError(
      `Embeddings are [${length}, ${width}], not [${segment.length}, ${hiddenSize}].`,
    );
  }
  return embeddings.data.subarray(start * hiddenSize, end * hiddenSize);
}

function lengthOf(segment: KeyedSegment): number {
  return segment.kind === 'text' ? segment.ids.length : segment.length;
}
