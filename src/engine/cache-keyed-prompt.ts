import type { KeyedSegment, KeyedSegments } from '../cache/prefix-keys.js';
import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import type { ByKind, PromptSegment } from '../language/build-prompt.js';
import type { VisionManifest } from '../models/package/manifest.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';

/** An image or video as prompts reference it. */
export interface KeyedMedia {
  /** Feature cache key. */
  readonly key: string;
  readonly visualTokens: number;
}

/** A prompt whose positions are token ids and feature keys: the prefix cache compares prompts without their floats. */
export interface CacheKeyedPrompt {
  readonly segments: KeyedSegments;
  /** Positions. */
  readonly length: number;
  /** Position after the last image or video; 0 without any. */
  readonly mediaEnd: number;
  /** Positions of images and videos. */
  readonly mediaPositions: number;
  /** The prompt as transformers' `input_ids` have it; see `promptTokenIds`. */
  readonly spans: readonly PromptSpan[];
}

/** Token ids of text, or the positions of an image or video. */
type PromptSpan =
  | { readonly kind: 'text'; readonly ids: readonly number[] }
  | { readonly kind: 'image' | 'video'; readonly length: number };

/**
 * The prompt as token ids, one per position: the placeholder token stands at each position of an image or video, as in
 * transformers' `input_ids`. Logits processors count these tokens.
 *
 * @param placeholders undefined for a text-only model.
 */
export function promptTokenIds(
  { spans }: Pick<CacheKeyedPrompt, 'spans'>,
  placeholders: VisionManifest['tokens'] | undefined,
): number[] {
  return spans.flatMap((span) =>
    span.kind === 'text'
      ? span.ids
      : new Array<number>(span.length).fill(placeholders?.[span.kind] ?? 0),
  );
}

/** Resolves the media of a prompt to their keys. @throws RangeError if the prompt references a missing one. */
export function toCacheKeyedPrompt(
  prompt: readonly PromptSegment[],
  media: ByKind<KeyedMedia>,
): CacheKeyedPrompt {
  const spans: PromptSpan[] = [];
  const segments = prompt.map((segment): KeyedSegment => {
    if (segment.kind === 'text') {
      spans.push(segment);
      return segment;
    }
    const item = media[segment.kind][segment.index];
    if (!item)
      throw new RangeError(
        `The prompt references ${segment.kind} ${segment.index}, which is missing.`,
      );
    spans.push({ kind: segment.kind, length: item.visualTokens });
    return { kind: 'media', key: item.key, length: item.visualTokens };
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
  return { segments, length, mediaEnd, mediaPositions, spans };
}

/** The segments of the first `positions` positions of a prompt. */
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
 * Input embeddings of positions `from` to `to` of a prompt, `[to - from, hidden]`: token embeddings, with the features
 * of images and videos in their places.
 *
 * @param features by key; those outside the range may be missing.
 * @throws RangeError if features are missing, or their shape does not match the prompt.
 */
export function embedPositions(
  { segments }: Pick<CacheKeyedPrompt, 'segments'>,
  from: number,
  to: number,
  features: ReadonlyMap<string, FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): FloatTensor {
  const { hiddenSize } = tokenEmbeddings;
  const embeddings = createTensor([to - from, hiddenSize]);
  let offset = 0;
  for (const segment of segments) {
    const length = lengthOf(segment);
    const start = Math.max(from - offset, 0);
    const end = Math.min(to - offset, length);
    if (start < end) {
      const rows = embedSegment(segment, start, end, features, tokenEmbeddings);
      embeddings.data.set(rows, (offset + start - from) * hiddenSize);
    }
    offset += length;
  }
  return embeddings;
}

function embedSegment(
  segment: KeyedSegment,
  start: number,
  end: number,
  features: ReadonlyMap<string, FloatTensor>,
  tokenEmbeddings: TokenEmbeddings,
): Float32Array {
  if (segment.kind === 'text') return tokenEmbeddings.embed(segment.ids.slice(start, end)).data;
  const { hiddenSize } = tokenEmbeddings;
  const rows = features.get(segment.key);
  const [length, width] = rows?.shape ?? [];
  if (!rows || length !== segment.length || width !== hiddenSize) {
    throw new RangeError(
      `Features have the shape [${length}, ${width}]; the prompt expects [${segment.length}, ${hiddenSize}].`,
    );
  }
  return rows.data.subarray(start * hiddenSize, end * hiddenSize);
}

function lengthOf(segment: KeyedSegment): number {
  return segment.kind === 'text' ? segment.ids.length : segment.length;
}
