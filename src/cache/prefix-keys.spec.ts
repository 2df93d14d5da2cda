import { createRandom } from '../decoder/sampling/random.js';
import {
  type KeyedSegments,
  type KeyedSegment,
  mediaEndOf,
  prefixLengthOfKey,
  prefixKeys,
  promptLength,
} from './prefix-keys.js';

/** What stands at each position, written out. */
function positions(marks: KeyedSegments): string[] {
  return marks.flatMap((mark) =>
    mark.kind === 'text'
      ? mark.ids.map(String)
      : Array.from({ length: mark.length }, (_, offset) => `${mark.key}:${offset}`),
  );
}

function randomMarks(random: () => number): KeyedSegments {
  const upTo = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length: 1 + upTo(4) }, (): KeyedSegment =>
    upTo(3) === 0
      ? { kind: 'media', key: `m${upTo(2)}`, length: upTo(4) }
      : { kind: 'text', ids: Array.from({ length: upTo(4) }, () => upTo(2)) },
  );
}

describe('namePrefixes', () => {
  it('gives one name to equal beginnings, however they are parted, and others to all others', () => {
    const random = createRandom(1);
    const contents = new Map<string, string>();
    const names = new Map<string, string>();
    for (let round = 0; round < 800; round++) {
      const marks = randomMarks(random);
      const all = positions(marks);
      const lengths = Array.from({ length: all.length + 3 }, (_, length) => length);

      const named = prefixKeys('seed', marks, lengths);

      expect(promptLength(marks)).toBe(all.length);
      expect([...named.keys()]).toEqual(lengths.slice(1, all.length + 1));
      for (const [length, name] of named) {
        const content = all.slice(0, length).join();
        expect(contents.get(name) ?? content).toBe(content);
        expect(names.get(content) ?? name).toBe(name);
        expect(prefixLengthOfKey(name)).toBe(length);
        contents.set(name, content);
        names.set(content, name);
      }
    }
    expect(names.size).toBeGreaterThan(500);
  });

  it('depends on the seed, and not on which other lengths are asked for', () => {
    const marks: KeyedSegments = [
      { kind: 'text', ids: [1, 2] },
      { kind: 'media', key: 'picture', length: 5 },
    ];
    const all = prefixKeys('a', marks, [1, 2, 3, 4, 5, 6, 7]);

    expect(prefixKeys('a', marks, [6, 6]).get(6)).toBe(all.get(6));
    expect(prefixKeys('b', marks, [6]).get(6)).not.toBe(all.get(6));
  });
});

it('takes nothing but the name of a prefix for one', () => {
  const digest = 'a'.repeat(64);
  expect(prefixLengthOfKey(`12-${digest}`)).toBe(12);
  for (const name of [
    `0-${digest}`,
    `-1-${digest}`,
    `media-${digest}`,
    `12-${digest}x`,
    '12',
    '',
  ]) {
    expect(prefixLengthOfKey(name)).toBeUndefined();
  }
});

it('finds where the last picture ends', () => {
  const text: KeyedSegment = { kind: 'text', ids: [1, 2] };
  expect(mediaEndOf([text])).toBe(0);
  expect(mediaEndOf([text, { kind: 'media', key: 'a', length: 3 }, text])).toBe(5);
});
