import { createRandom } from '../decoder/sampling/random.js';
import {
  type KeyedSegments,
  type KeyedSegment,
  mediaEndOf,
  prefixLengthOfKey,
  prefixKeys,
  promptLength,
} from './prefix-keys.js';

/** One string per position. */
function positions(segments: KeyedSegments): string[] {
  return segments.flatMap((segment) =>
    segment.kind === 'text'
      ? segment.ids.map(String)
      : Array.from({ length: segment.length }, (_, offset) => `${segment.key}:${offset}`),
  );
}

function randomSegments(random: () => number): KeyedSegments {
  const upTo = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length: 1 + upTo(4) }, (): KeyedSegment =>
    upTo(3) === 0
      ? { kind: 'media', key: `m${upTo(2)}`, length: upTo(4) }
      : { kind: 'text', ids: Array.from({ length: upTo(4) }, () => upTo(2)) },
  );
}

describe('prefixKeys', () => {
  it('gives equal prefixes equal keys for any split into segments, and others different keys', () => {
    const random = createRandom(1);
    const contents = new Map<string, string>();
    const keys = new Map<string, string>();
    for (let round = 0; round < 800; round++) {
      const segments = randomSegments(random);
      const all = positions(segments);
      const lengths = Array.from({ length: all.length + 3 }, (_, length) => length);

      const keyed = prefixKeys('seed', segments, lengths);

      expect(promptLength(segments)).toBe(all.length);
      expect([...keyed.keys()]).toEqual(lengths.slice(1, all.length + 1));
      for (const [length, key] of keyed) {
        const content = all.slice(0, length).join();
        expect(contents.get(key) ?? content).toBe(content);
        expect(keys.get(content) ?? key).toBe(key);
        expect(prefixLengthOfKey(key)).toBe(length);
        contents.set(key, content);
        keys.set(content, key);
      }
    }
    expect(keys.size).toBeGreaterThan(500);
  });

  it('depends on the seed and not on the other requested lengths', () => {
    const segments: KeyedSegments = [
      { kind: 'text', ids: [1, 2] },
      { kind: 'media', key: 'image', length: 5 },
    ];
    const all = prefixKeys('a', segments, [1, 2, 3, 4, 5, 6, 7]);

    expect(prefixKeys('a', segments, [6, 6]).get(6)).toBe(all.get(6));
    expect(prefixKeys('b', segments, [6]).get(6)).not.toBe(all.get(6));
  });
});

describe('prefixLengthOfKey', () => {
  it('returns undefined for other keys', () => {
    const digest = 'a'.repeat(64);
    expect(prefixLengthOfKey(`12-${digest}`)).toBe(12);
    for (const key of [
      `0-${digest}`,
      `-1-${digest}`,
      `media-${digest}`,
      `12-${digest}x`,
      '12',
      '',
    ]) {
      expect(prefixLengthOfKey(key)).toBeUndefined();
    }
  });
});

describe('mediaEndOf', () => {
  it('returns the position after the last media segment', () => {
    const text: KeyedSegment = { kind: 'text', ids: [1, 2] };
    expect(mediaEndOf([text])).toBe(0);
    expect(mediaEndOf([text, { kind: 'media', key: 'a', length: 3 }, text])).toBe(5);
  });
});
