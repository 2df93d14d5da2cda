import { createTensor } from '../tensor/tensor.js';
import { KvCache } from './kv-cache.js';

const config = { layers: 2, keyValueHeads: 2, headDim: 3 };

/** Rows whose values name their layer, head and position. */
function rows(start: number, count: number) {
  const fill = (layer: number, sign: number) => {
    const tensor = createTensor([1, 2, count, 3]);
    tensor.data.forEach((_, i) => {
      const [head, row] = [Math.floor(i / (count * 3)), Math.floor(i / 3) % count];
      tensor.data[i] = sign * (layer * 1e5 + head * 1e4 + start + row);
    });
    return tensor;
  };
  return [0, 1].map((layer) => ({ key: fill(layer, 1), value: fill(layer, -1) }));
}

function expectPositions(cache: KvCache) {
  const { capacity } = cache;
  for (const layer of [0, 1]) {
    const { key, value } = cache.past(layer);
    expect(key.shape).toEqual([1, 2, capacity, 3]);
    expect(key.data.length).toBe(2 * capacity * 3);
    for (const head of [0, 1]) {
      for (let position = 0; position < cache.length; position++) {
        const at = (head * capacity + position) * 3 + 2;
        expect(key.data[at]).toBe(layer * 1e5 + head * 1e4 + position);
        expect(value.data[at]).toBe(-(layer * 1e5 + head * 1e4 + position));
      }
    }
  }
}

describe('KvCache', () => {
  it('hands out nothing while it is empty', () => {
    const cache = new KvCache(config);

    expect(cache.capacity).toBe(0);
    expect(cache.past(1).key.shape).toEqual([1, 2, 0, 3]);
    expect(cache.past(1).value.data.length).toBe(0);
  });

  it('keeps every row in place while it grows in steps of 256', () => {
    const cache = new KvCache(config);
    const capacities: number[] = [];
    for (const count of [1, 254, 1, 1, 255, 1, 600]) {
      cache.append(rows(cache.length, count));
      capacities.push(cache.capacity);
      expectPositions(cache);
    }

    expect(capacities).toEqual([256, 256, 256, 512, 512, 768, 1280]);
    expect(cache.length).toBe(1113);
  });

  it('forgets from a position on, and fills up again', () => {
    const cache = new KvCache(config);
    cache.append(rows(0, 300));
    cache.truncate(10);
    cache.append(rows(10, 5));

    expect(cache.length).toBe(15);
    expect(cache.capacity).toBe(512);
    expectPositions(cache);
    cache.truncate(0);
    expect(cache.past(0).key.data.length).toBe(0);
  });

  it('refuses rows and positions that do not fit', () => {
    const cache = new KvCache(config);

    expect(() => cache.append(rows(0, 2).slice(1))).toThrow(RangeError);
    expect(() => cache.append([rows(0, 2)[0]!, rows(0, 3)[1]!])).toThrow(RangeError);
    expect(() => cache.past(2)).toThrow(RangeError);
    for (const length of [-1, 1, 0.5, NaN]) {
      expect(() => cache.truncate(length)).toThrow(RangeError);
    }
    expect(cache.length).toBe(0);
  });
});
