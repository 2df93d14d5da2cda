import { createRandom } from '../decoder/sampling/random.js';
import { LruCache } from './lru-cache.js';

/** Reference implementation: a list, the least recently used entry first. */
class NaiveLruCache {
  entries: { name: string; value: number; bytes: number }[] = [];

  constructor(readonly maxBytes: number) {}

  get bytes() {
    return this.entries.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get(name: string) {
    const found = this.entries.find((entry) => entry.name === name);
    if (found) this.entries = [...this.entries.filter((entry) => entry !== found), found];
    return found?.value;
  }

  set(name: string, value: number, bytes: number) {
    this.delete(name);
    if (bytes > this.maxBytes) return;
    while (this.bytes + bytes > this.maxBytes) this.entries.shift();
    this.entries.push({ name, value, bytes });
  }

  demote(name: string) {
    const found = this.entries.filter((entry) => entry.name === name);
    this.entries = [...found, ...this.entries.filter((entry) => entry.name !== name)];
  }

  delete(name: string) {
    this.entries = this.entries.filter((entry) => entry.name !== name);
  }
}

describe('LruCache', () => {
  it.each([0, 1, 50, 1_000])(
    'behaves like the reference implementation with %i bytes',
    (maxBytes) => {
      const random = createRandom(maxBytes);
      const upTo = (limit: number) => Math.floor(random() * limit);
      const cache = new LruCache<number>(maxBytes);
      const naive = new NaiveLruCache(maxBytes);

      for (let step = 0; step < 3_000; step++) {
        const name = `v${upTo(12)}`;
        const action = upTo(8);
        if (action < 4) {
          const bytes = upTo(30);
          cache.set(name, step, bytes);
          naive.set(name, step, bytes);
        } else if (action < 6) expect(cache.get(name)).toBe(naive.get(name));
        else if (action === 6) {
          cache.demote(name);
          naive.demote(name);
        } else {
          cache.delete(name);
          naive.delete(name);
        }
        expect(cache.keys()).toEqual(naive.entries.map((entry) => entry.name));
        expect(cache.bytes).toBe(naive.bytes);
        expect(cache.bytes).toBeLessThanOrEqual(maxBytes);
      }
    },
  );

  it('evicts entries for a value that fits and none for a value above the limit', () => {
    const cache = new LruCache<string>(10);
    cache.set('a', 'A', 6);
    cache.set('b', 'B', 4);

    cache.set('large', 'L', 11);
    expect(cache.keys()).toEqual(['a', 'b']);
    cache.set('c', 'C', 1);
    expect(cache.keys()).toEqual(['b', 'c']);
    expect(cache.has('a')).toBe(false);
  });
});
