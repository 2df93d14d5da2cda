import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import { createRandom } from '../decoder/sampling/random.js';
import type { CachedFeatures } from './tiered-cache.js';
import type { KeyedSegment, KeyedSegments } from './prefix-keys.js';
import { createTensor } from '../tensor/tensor.js';
import { openEngineCaches } from './open-caches.js';

const BYTES_PER_POSITION = 8;

function prefixOf(length: number): KvPrefix {
  const data = Int8Array.from({ length: length * BYTES_PER_POSITION }, (_, i) => i);
  return { length, bytes: data.byteLength, planes: [{ name: '0.value', data }] };
}

const text = (...ids: number[]): KeyedSegment => ({ kind: 'text', ids });
const longText = (length: number, first = 0): KeyedSegment =>
  text(...Array.from({ length }, (_, i) => first + i));
const image = (key: string, length: number): KeyedSegment => ({ kind: 'media', key, length });

const open = (options: Partial<Parameters<typeof openEngineCaches>[0]> = {}) =>
  openEngineCaches({ model: 'model', maxBytes: 1e6, isShared: true, ...options });

const FEATURES: CachedFeatures = {
  features: createTensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  report: {
    ...{ kind: 'image', width: 4, height: 3, tiles: 1, grid: null, visualTokens: 2, blank: false },
    ...{ page: 1, pages: 1 },
    sha256: 'a'.repeat(64),
  },
};

describe('openEngineCaches', () => {
  it.each([0, 30 * BYTES_PER_POSITION, 200 * BYTES_PER_POSITION, 1e9])(
    'finds the longest cached prefix and stays within %i bytes',
    async (maxBytes) => {
      const random = createRandom(maxBytes + 1);
      const upTo = (limit: number) => Math.floor(random() * limit);
      const caches = await open({ maxBytes });
      /** Content of each position of every prefix that was added. */
      const contents = new Map<KvPrefix, string[]>();
      let found = 0;

      for (let round = 0; round < 1_500; round++) {
        const segments = Array.from({ length: 1 + upTo(4) }, () =>
          upTo(3) === 0
            ? image(`p${upTo(2)}`, 1 + upTo(9))
            : text(...Array.from({ length: 1 + upTo(5) }, () => upTo(2))),
        );
        const content = segments.flatMap((segment) =>
          segment.kind === 'text'
            ? segment.ids.map(String)
            : Array.from({ length: segment.length }, (_, offset) => `${segment.key}:${offset}`),
        );
        if (upTo(2) === 0) {
          const prefix = prefixOf(1 + upTo(content.length));
          caches.prefixes.add(segments, prefix);
          contents.set(prefix, content.slice(0, prefix.length));
        } else {
          const longest = Math.max(
            0,
            ...[...contents.values()].flatMap((added) =>
              added.length < content.length - 1 && added.every((item, i) => item === content[i])
                ? added.length
                : [],
            ),
          );
          const prefix = await caches.prefixes.longest(segments);
          if (prefix) {
            found += 1;
            expect(contents.get(prefix)).toEqual(content.slice(0, prefix.length));
            expect(prefix.length).toBeLessThan(content.length - 1);
          }
          // Nothing is evicted from a cache of 1 GB.
          if (maxBytes === 1e9) expect(prefix?.length ?? 0).toBe(longest);
          else expect(prefix?.length ?? 0).toBeLessThanOrEqual(longest);
        }
        expect(caches.stats().bytes).toBeLessThanOrEqual(maxBytes);
      }

      const { prefixes } = caches.stats();
      expect(prefixes.hits).toBe(found);
      if (maxBytes === 0) expect(found).toBe(0);
      else expect(found).toBeGreaterThan(100);
    },
  );

  it('returns the first prefix object that was added for a key', async () => {
    const caches = await open();
    const segments = [text(1, 2, 3, 4)];
    const prefix = prefixOf(2);
    caches.prefixes.add(segments, prefix);
    caches.prefixes.add(segments, prefixOf(2));

    expect(await caches.prefixes.longest(segments)).toBe(prefix);
    expect(await caches.prefixes.longest([text(1), text(2, 4, 5)])).toBe(prefix);
    expect(await caches.prefixes.longest([text(1, 2, 3)])).toBeUndefined();
  });

  it('has one budget for features and prefixes and evicts the least recently used', async () => {
    const caches = await open({ maxBytes: 24 + 10 * BYTES_PER_POSITION });
    caches.features.set('a', FEATURES);
    caches.prefixes.add([longText(20)], prefixOf(10));
    expect(await caches.features.get('a')).toBe(FEATURES);

    caches.features.set('b', FEATURES);

    expect(await caches.prefixes.longest([longText(20)])).toBeUndefined();
    expect(await caches.features.get('a')).toBe(FEATURES);
    expect(caches.stats()).toEqual({
      ...{ bytes: 48, maxBytes: 104 },
      ...{ features: { hits: 2, misses: 0 }, prefixes: { hits: 0, misses: 1 } },
    });
  });

  it('evicts earlier turns of a conversation before image prefixes', async () => {
    const caches = await open({ maxBytes: 70 * BYTES_PER_POSITION });
    const segments: KeyedSegments = [text(1), image('p', 15), longText(50)];
    const add = (length: number) => caches.prefixes.add(segments, prefixOf(length));
    add(16);
    add(20);
    await caches.prefixes.longest(segments);
    add(30);
    expect(caches.stats().bytes).toBe(66 * BYTES_PER_POSITION);

    caches.prefixes.add([longText(9, 100)], prefixOf(8));

    const upTo = (length: number) =>
      caches.prefixes.longest([text(1), image('p', 15), longText(length - 16)]);
    expect((await upTo(40))?.length).toBe(30);
    expect((await upTo(25))?.length).toBe(16);
  });

  it('caches at the end of the media, aligned to 16, and in text at multiples of 128', async () => {
    const caches = await open();
    const lengths = (...segments: KeyedSegment[]) => caches.prefixes.lengthsToCache(segments);

    expect(lengths(text(1), image('p', 47), longText(20))).toEqual([48]);
    expect(lengths(text(1), image('p', 50), longText(20))).toEqual([48]);
    expect(lengths(text(2), image('p', 50), longText(400))).toEqual([48, 48 + 384]);
    expect(lengths(longText(129))).toEqual([]);
    expect(lengths(longText(130))).toEqual([128]);
    expect(lengths(text(3), image('p', 15), text(1))).toEqual([]);
    expect(lengths(text(4), image('p', 9), text(1))).toEqual([]);
    expect(lengths(text(5), image('p', 9), text(1), image('q', 9), text(2, 3))).toEqual([16]);
  });

  it('caches a text prefix at its second occurrence, and not again once cached', async () => {
    const caches = await open();
    const system = longText(300);
    expect(caches.prefixes.lengthsToCache([system, longText(500, 1_000)])).toEqual([768]);

    const second = [system, longText(500, 2_000)];
    expect(caches.prefixes.lengthsToCache(second)).toEqual([256, 768]);
    for (const length of [256, 768]) caches.prefixes.add(second, prefixOf(length));

    const third = [system, longText(500, 3_000)];
    expect((await caches.prefixes.longest(third))?.length).toBe(256);
    expect(caches.prefixes.lengthsToCache(third)).toEqual([768]);
  });

  it('requests no lengths with a budget of 0 bytes', async () => {
    const caches = await open({ maxBytes: 0 });
    caches.features.set('a', FEATURES);

    expect(caches.prefixes.lengthsToCache([text(1), image('p', 9), longText(400)])).toEqual([]);
    expect(await caches.features.get('a')).toBeUndefined();
    expect(caches.stats().bytes).toBe(0);
  });

  it.each([true, false])('shares entries between clients if isShared is %s', async (isShared) => {
    const caches = await open({ isShared });
    const [first, second] = [caches.forClient('first'), caches.forClient('second')];
    first.features.set('a', FEATURES);
    first.prefixes.add([longText(9)], prefixOf(5));

    expect((await second.features.get('a')) !== undefined).toBe(isShared);
    expect((await second.prefixes.longest([longText(9)])) !== undefined).toBe(isShared);
    expect(await first.features.get('a')).toBe(FEATURES);
    expect((await caches.forClient('first').prefixes.longest([longText(9)]))?.length).toBe(5);
    expect(first.stats()).toEqual(second.stats());
  });

  describe('with a disk cache', () => {
    const temporary = createTemporaryFolder();
    afterAll(() => temporary.remove());
    const disk = { root: temporary.path('cache'), maxBytes: 1e6 };
    const segments = [text(1), image('p', 9), longText(400)];

    it('finds entries after a restart, for the same model and client only', async () => {
      const caches = await open({ disk, isShared: false });
      const prefix = prefixOf(10);
      caches.forClient('first').prefixes.add(segments, prefix);
      caches.forClient('first').features.set('a', FEATURES);
      await caches.close();

      const next = (await open({ disk, isShared: false })).forClient('first');
      const [prefixA, prefixB] = await Promise.all([
        next.prefixes.longest(segments),
        next.prefixes.longest(segments),
      ]);
      expect(prefixA).toEqual(prefix);
      expect(prefixB).toBe(prefixA);
      expect(await next.features.get('a')).toEqual(FEATURES);
      expect(next.stats().bytes).toBe(prefix.bytes + 24);

      expect(await next.forClient('second').prefixes.longest(segments)).toBeUndefined();
      const otherModel = await open({ disk, isShared: false, model: 'other' });
      expect(await otherModel.forClient('first').prefixes.longest(segments)).toBeUndefined();
      for (const model of readdirSync(disk.root)) {
        expect(readdirSync(join(disk.root, model)).join()).not.toContain('first');
      }
    });

    it('works without memory and falls back to a shorter prefix if the longest is damaged', async () => {
      const caches = await open({ disk, maxBytes: 0, model: 'disk' });
      expect(caches.prefixes.lengthsToCache(segments)).toEqual([384]);
      caches.prefixes.add(segments, prefixOf(10));
      caches.prefixes.add(segments, prefixOf(394));
      await caches.close();
      expect((await caches.prefixes.longest(segments))?.length).toBe(394);

      for (const model of readdirSync(disk.root)) {
        for (const file of readdirSync(join(disk.root, model))) {
          if (file.startsWith('394-')) truncateSync(join(disk.root, model, file), 99);
        }
      }
      expect((await caches.prefixes.longest(segments))?.length).toBe(10);
      expect(caches.stats()).toMatchObject({ bytes: 0, prefixes: { hits: 2, misses: 0 } });
    });
  });
});
