import { createHash } from 'node:crypto';

import type { KeyedSegments, KeyedSegment } from './engine-caches.js';

/** A position of text is a zero and its id; one of a picture or clip is a one, the hash of its key, and its offset. */
const TEXT_BYTES = 5;
const MEDIA_BYTES = 37;

/**
 * Names beginnings of a prompt after what they consist of, position by position, so that equal names mean equal keys and
 * values: `LENGTH-SHA256`.
 *
 * @param seed names the model, and whoever the beginnings belong to.
 * @param lengths in positions; those the prompt does not have are left out.
 * @returns the name of each length
 */
export function prefixKeys(
  seed: string,
  marks: KeyedSegments,
  lengths: Iterable<number>,
): Map<number, string> {
  const names = new Map<number, string>();
  const ascending = [...new Set(lengths)].filter((length) => length > 0).sort((a, b) => a - b);
  const hash = createHash('sha256').update(createHash('sha256').update(seed).digest());
  let end = 0;
  for (const segment of marks) {
    const start = end;
    end += segmentLength(segment);
    const contents = describePositions(segment);
    const width = contents.length / (end - start);
    let hashed = start;
    for (let next = ascending[names.size]; next !== undefined && next <= end;) {
      hash.update(contents.subarray((hashed - start) * width, (next - start) * width));
      hashed = next;
      names.set(next, `${next}-${hash.copy().digest('hex')}`);
      next = ascending[names.size];
    }
    hash.update(contents.subarray((hashed - start) * width));
  }
  return names;
}

/** Positions of a prefix by its name; undefined for any other name. */
export function prefixLengthOfKey(name: string): number | undefined {
  const [, digits] = /^([1-9]\d{0,8})-[\da-f]{64}$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Positions of a prompt. */
export function promptLength(marks: KeyedSegments): number {
  return marks.reduce((total, segment) => total + segmentLength(segment), 0);
}

/** Where the last picture or clip of a prompt ends; 0 without any. */
export function endOfMedia(marks: KeyedSegments): number {
  let end = 0;
  let mediaEnd = 0;
  for (const segment of marks) {
    end += segmentLength(segment);
    if (segment.kind === 'media') mediaEnd = end;
  }
  return mediaEnd;
}

function segmentLength(segment: KeyedSegment): number {
  return segment.kind === 'text' ? segment.ids.length : segment.length;
}

function describePositions(segment: KeyedSegment): Buffer {
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
