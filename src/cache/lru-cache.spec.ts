import { createRandom } from '../decoder/sampling/random.js';
import { LruCache } from './lru-cache.js';

/** The same by the book: a list, the value used longest ago first. */
class NaiveValues {
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

describe('RecentValues', () => {
  it.each([0, 1, 50, 1_000])('does with %i bytes what a plain list does', (maxBytes) => {
    const random = createRandom(maxBytes);
    const upTo = (limit: number) => Math.floor(random() * limit);
    const values = new LruCache<number>(maxBytes);
    const naive = new NaiveValues(maxBytes);

    for (let step = 0; step < 3_000; step++) {
      const name = `v${upTo(12)}`;
      const kind = upTo(8);
      if (kind < 4) {
        const bytes = upTo(30);
        values.set(name, step, bytes);
        naive.set(name, step, bytes);
      } else if (kind < 6) expect(values.get(name)).toBe(naive.get(name));
      else if (kind === 6) {
        values.demote(name);
        naive.demote(name);
      } else {
        values.delete(name);
        naive.delete(name);
      }
      expect(values.keys()).toEqual(naive.entries.map((entry) => entry.name));
      expect(values.bytes).toBe(naive.bytes);
      expect(values.bytes).toBeLessThanOrEqual(maxBytes);
    }
  });

  it('drops others for a value that fits, and none for one that never does', () => {
    const values = new LruCache<string>(10);
    values.set('a', 'A', 6);
    values.set('b', 'B', 4);

    values.set('large', 'L', 11);
    expect(values.keys()).toEqual(['a', 'b']);
    values.set('c', 'C', 1);
    expect(values.keys()).toEqual(['b', 'c']);
    expect(values.has('a')).toBe(false);
  });
});
