import { createHash } from 'node:crypto';

/** Part of a prompt: token ids, or `length` visual tokens of the media with this feature key. */
export type KeyedSegment =
  | { readonly kind: 'text'; readonly ids: readonly number[] }
  | { readonly kind: 'media'; readonly key: string; readonly length: number };

/** A prompt by content. The split of text into segments does not matter. */
export type KeyedSegments = readonly KeyedSegment[];

/**
 * A text position hashes as a 0 byte and its token id; a media position as a 1 byte, the key's SHA-256 and its offset.
 */
const TEXT_BYTES = 5;
const MEDIA_BYTES = 37;

/**
 * Keys of the prefixes of a prompt, `LENGTH-SHA256` over their positions: equal keys mean equal keys and values.
 *
 * @param seed identifies the model and the owner of the prefixes.
 * @param lengths in positions; lengths beyond the prompt are left out.
 * @returns the key of each length.
 */
export function prefixKeys(
  seed: string,
  prompt: KeyedSegments,
  lengths: Iterable<number>,
): Map<number, string> {
  const keys = new Map<number, string>();
  const ascending = [...new Set(lengths)].filter((length) => length > 0).sort((a, b) => a - b);
  const hash = createHash('sha256').update(createHash('sha256').update(seed).digest());
  let end = 0;
  for (const segment of prompt) {
    const start = end;
    end += segmentLength(segment);
    const contents = encodePositions(segment);
    const width = contents.length / (end - start);
    let hashed = start;
    for (let next = ascending[keys.size]; next !== undefined && next <= end;) {
      hash.update(contents.subarray((hashed - start) * width, (next - start) * width));
      hashed = next;
      keys.set(next, `${next}-${hash.copy().digest('hex')}`);
      next = ascending[keys.size];
    }
    hash.update(contents.subarray((hashed - start) * width));
  }
  return keys;
}

/** Length of the prefix that a key belongs to; undefined for a feature key. */
export function prefixLengthOfKey(key: string): number | undefined {
  const [, digits] = /^([1-9]\d{0,8})-[\da-f]{64}$/.exec(key) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Positions of a prompt. */
export function promptLength(prompt: KeyedSegments): number {
  return prompt.reduce((total, segment) => total + segmentLength(segment), 0);
}

/** Position after the last image or video of a prompt; 0 without any. */
export function mediaEndOf(prompt: KeyedSegments): number {
  let end = 0;
  let mediaEnd = 0;
  for (const segment of prompt) {
    end += segmentLength(segment);
    if (segment.kind === 'media') mediaEnd = end;
  }
  return mediaEnd;
}

function segmentLength(segment: KeyedSegment): number {
  return segment.kind === 'text' ? segment.ids.length : segment.length;
}

function encodePositions(segment: KeyedSegment): Buffer {
  if (segment.kind === 'text') {
    const contents = Buffer.alloc(segment.ids.length * TEXT_BYTES);
    segment.ids.forEach((id, index) => contents.writeUInt32LE(id, index * TEXT_BYTES + 1));
    return contents;
  }
  const contents = Buffer.alloc(segment.length * MEDIA_BYTES, 1);
  const key = createHash('sha256').update(segment.key).digest();
  for (let offset = 0; offset < segment.length; offset++) {
    key.copy(contents, offset * MEDIA_BYTES + 1);
    contents.writeUInt32LE(offset, (offset + 1) * MEDIA_BYTES - 4);
  }
  return contents;
}
