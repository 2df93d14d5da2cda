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
const many = (length: number, first = 0): KeyedSegment =>
  text(...Array.from({ length }, (_, i) => first + i));
const picture = (key: string, length: number): KeyedSegment => ({ kind: 'media', key, length });

const open = (options: Partial<Parameters<typeof openEngineCaches>[0]> = {}) =>
  openEngineCaches({ model: 'model', maxBytes: 1e6, isShared: true, ...options });

const kept: CachedFeatures = {
  features: createTensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  report: {
    ...{ kind: 'image', width: 4, height: 3, tiles: 1, grid: null, visualTokens: 2 },
    sha256: 'a'.repeat(64),
  },
};

describe('openPromptStore', () => {
  it.each([0, 30 * BYTES_PER_POSITION, 200 * BYTES_PER_POSITION, 1e9])(
    'finds the longest true beginning, and stays within %i bytes',
    async (maxBytes) => {
      const random = createRandom(maxBytes + 1);
      const upTo = (limit: number) => Math.floor(random() * limit);
      const store = await open({ maxBytes });
      /** The content of every position of all that was ever kept. */
      const keptContents = new Map<KvPrefix, string[]>();
      let found = 0;

      for (let round = 0; round < 1_500; round++) {
        const marks = Array.from({ length: 1 + upTo(4) }, () =>
          upTo(3) === 0
            ? picture(`p${upTo(2)}`, 1 + upTo(9))
            : text(...Array.from({ length: 1 + upTo(5) }, () => upTo(2))),
        );
        const content = marks.flatMap((mark) =>
          mark.kind === 'text'
            ? mark.ids.map(String)
            : Array.from({ length: mark.length }, (_, offset) => `${mark.key}:${offset}`),
        );
        if (upTo(2) === 0) {
          const prefix = prefixOf(1 + upTo(content.length));
          store.prefixes.add(marks, prefix);
          keptContents.set(prefix, content.slice(0, prefix.length));
        } else {
          const best = Math.max(
            0,
            ...[...keptContents.values()].flatMap((one) =>
              one.length < content.length - 1 && one.every((part, i) => part === content[i])
                ? one.length
                : [],
            ),
          );
          const prefix = await store.prefixes.longest(marks);
          if (prefix) {
            found += 1;
            expect(keptContents.get(prefix)).toEqual(content.slice(0, prefix.length));
            expect(prefix.length).toBeLessThan(content.length - 1);
          }
          // What is small enough to be all in memory is all found.
          if (maxBytes === 1e9) expect(prefix?.length ?? 0).toBe(best);
          else expect(prefix?.length ?? 0).toBeLessThanOrEqual(best);
        }
        expect(store.stats().bytes).toBeLessThanOrEqual(maxBytes);
      }

      const { prefixes } = store.stats();
      expect(prefixes.hits).toBe(found);
      if (maxBytes === 0) expect(found).toBe(0);
      else expect(found).toBeGreaterThan(100);
    },
  );

  it('gives everyone the same object, the first that was kept', async () => {
    const store = await open();
    const marks = [text(1, 2, 3, 4)];
    const prefix = prefixOf(2);
    store.prefixes.add(marks, prefix);
    store.prefixes.add(marks, prefixOf(2));

    expect(await store.prefixes.longest(marks)).toBe(prefix);
    expect(await store.prefixes.longest([text(1), text(2, 4, 5)])).toBe(prefix);
    expect(await store.prefixes.longest([text(1, 2, 3)])).toBeUndefined();
  });

  it('has one budget for media and beginnings, and drops what was used longest ago', async () => {
    const store = await open({ maxBytes: 24 + 10 * BYTES_PER_POSITION });
    store.features.set('a', kept);
    store.prefixes.add([many(20)], prefixOf(10));
    expect(await store.features.get('a')).toBe(kept);

    store.features.set('b', kept);

    expect(await store.prefixes.longest([many(20)])).toBeUndefined();
    expect(await store.features.get('a')).toBe(kept);
    expect(store.stats()).toEqual({
      ...{ bytes: 48, maxBytes: 104 },
      ...{ features: { hits: 2, misses: 0 }, prefixes: { hits: 0, misses: 1 } },
    });
  });

  it('drops where a chat has been before the pictures that others ask about', async () => {
    const store = await open({ maxBytes: 70 * BYTES_PER_POSITION });
    const marks: KeyedSegments = [text(1), picture('p', 15), many(50)];
    const keep = (length: number) => store.prefixes.add(marks, prefixOf(length));
    keep(16);
    keep(20);
    await store.prefixes.longest(marks);
    keep(30);
    expect(store.stats().bytes).toBe(66 * BYTES_PER_POSITION);

    store.prefixes.add([many(9, 100)], prefixOf(8));

    const upTo = (length: number) =>
      store.prefixes.longest([text(1), picture('p', 15), many(length - 16)]);
    expect((await upTo(40))?.length).toBe(30);
    expect((await upTo(25))?.length).toBe(16);
  });

  it('asks for the end of the media in whole tiles of 16, and for text in steps of 128', async () => {
    const store = await open();
    const ask = (...marks: KeyedSegment[]) => store.prefixes.lengthsToCache(marks);

    expect(ask(text(1), picture('p', 47), many(20))).toEqual([48]);
    expect(ask(text(1), picture('p', 50), many(20))).toEqual([48]);
    expect(ask(text(2), picture('p', 50), many(400))).toEqual([48, 48 + 384]);
    expect(ask(many(129))).toEqual([]);
    expect(ask(many(130))).toEqual([128]);
    expect(ask(text(3), picture('p', 15), text(1))).toEqual([]);
    expect(ask(text(4), picture('p', 9), text(1))).toEqual([]);
    expect(ask(text(5), picture('p', 9), text(1), picture('q', 9), text(2, 3))).toEqual([16]);
  });

  it('asks for a beginning of text when it comes a second time, and for none that it has', async () => {
    const store = await open();
    const system = many(300);
    expect(store.prefixes.lengthsToCache([system, many(500, 1_000)])).toEqual([768]);

    const second = [system, many(500, 2_000)];
    expect(store.prefixes.lengthsToCache(second)).toEqual([256, 768]);
    for (const length of [256, 768]) store.prefixes.add(second, prefixOf(length));

    const third = [system, many(500, 3_000)];
    expect((await store.prefixes.longest(third))?.length).toBe(256);
    expect(store.prefixes.lengthsToCache(third)).toEqual([768]);
  });

  it('asks for nothing when nothing may be kept', async () => {
    const store = await open({ maxBytes: 0 });
    store.features.set('a', kept);

    expect(store.prefixes.lengthsToCache([text(1), picture('p', 9), many(400)])).toEqual([]);
    expect(await store.features.get('a')).toBeUndefined();
    expect(store.stats().bytes).toBe(0);
  });

  it.each([true, false])('shows owners what others left: %s', async (isShared) => {
    const store = await open({ isShared });
    const [mine, yours] = [store.forClient('mine'), store.forClient('yours')];
    mine.features.set('a', kept);
    mine.prefixes.add([many(9)], prefixOf(5));

    expect((await yours.features.get('a')) !== undefined).toBe(isShared);
    expect((await yours.prefixes.longest([many(9)])) !== undefined).toBe(isShared);
    expect(await mine.features.get('a')).toBe(kept);
    expect((await store.forClient('mine').prefixes.longest([many(9)]))?.length).toBe(5);
    expect(mine.stats()).toEqual(yours.stats());
  });

  describe('with a disk', () => {
    const temporary = createTemporaryFolder();
    afterAll(() => temporary.remove());
    const disk = { root: temporary.path('cache'), maxBytes: 1e6 };
    const marks = [text(1), picture('p', 9), many(400)];

    it('finds after a restart what was kept, and for this model and owner alone', async () => {
      const store = await open({ disk, isShared: false });
      const prefix = prefixOf(10);
      store.forClient('mine').prefixes.add(marks, prefix);
      store.forClient('mine').features.set('a', kept);
      await store.close();

      const next = (await open({ disk, isShared: false })).forClient('mine');
      const [one, other] = await Promise.all([
        next.prefixes.longest(marks),
        next.prefixes.longest(marks),
      ]);
      expect(one).toEqual(prefix);
      expect(other).toBe(one);
      expect(await next.features.get('a')).toEqual(kept);
      expect(next.stats().bytes).toBe(prefix.bytes + 24);

      expect(await next.forClient('yours').prefixes.longest(marks)).toBeUndefined();
      const another = await open({ disk, isShared: false, model: 'another' });
      expect(await another.forClient('mine').prefixes.longest(marks)).toBeUndefined();
      for (const model of readdirSync(disk.root)) {
        expect(readdirSync(join(disk.root, model)).join()).not.toContain('mine');
      }
    });

    it('works without memory, and takes the next shorter one where the longest is damaged', async () => {
      const store = await open({ disk, maxBytes: 0, model: 'disk' });
      expect(store.prefixes.lengthsToCache(marks)).toEqual([384]);
      store.prefixes.add(marks, prefixOf(10));
      store.prefixes.add(marks, prefixOf(394));
      await store.close();
      expect((await store.prefixes.longest(marks))?.length).toBe(394);

      for (const model of readdirSync(disk.root)) {
        for (const file of readdirSync(join(disk.root, model))) {
          if (file.startsWith('394-')) truncateSync(join(disk.root, model, file), 99);
        }
      }
      expect((await store.prefixes.longest(marks))?.length).toBe(10);
      expect(store.stats()).toMatchObject({ bytes: 0, prefixes: { hits: 2, misses: 0 } });
    });
  });
});
