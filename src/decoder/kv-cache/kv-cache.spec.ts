import { containsTokens, FAKE_CACHE, decoderOutputs } from '../../../test/fakes/fake-kv-cache.js';
import { cacheBytesPerToken, cachePlanes } from './cache-planes.js';
import { createPrefixInputs } from './kv-prefix.js';
import { KvCache } from './kv-cache.js';

const tokens = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** A cache with these tokens in each slot. */
function fill(...slots: (readonly number[])[]): KvCache {
  const cache = new KvCache(FAKE_CACHE);
  cache.resize(slots.length, 1);
  slots.forEach((slotTokens, slot) => {
    cache.append(decoderOutputs([slotTokens]), 0, slotTokens.length, slot, 0);
  });
  return cache;
}

describe('KvCache', () => {
  it('provides empty inputs of the right types at first', () => {
    const cache = new KvCache(FAKE_CACHE);
    cache.resize(1, 0);

    expect(cache.inputs(0, 1)['past.1.key']).toEqual({
      type: 'int8',
      shape: [1, 2, 3, 0],
      data: new Int8Array(),
    });
    expect(cache.inputs(0, 1)['past.0.value_scale']).toMatchObject({
      type: 'float32',
      shape: [1, 2, 1, 0],
    });
    expect(Object.keys(cache.inputs(0, 1))).toHaveLength(10);
  });

  it('preserves its content while slots and positions grow', () => {
    const cache = fill(tokens(0, 63), tokens(100, 5));
    expect([cache.slots, cache.capacity]).toEqual([2, 64]);

    cache.append(decoderOutputs([tokens(63, 2)]), 0, 2, 0, 63);
    cache.resize(5, 10);

    expect([cache.slots, cache.capacity]).toEqual([5, 128]);
    const inputs = cache.inputs(0, 5);
    expect(inputs['past.0.key']?.shape).toEqual([5, 2, 3, 128]);
    expect(inputs['past.0.value']?.shape).toEqual([5, 2, 128, 3]);
    expect(inputs['past.0.key_scale']?.shape).toEqual([5, 2, 1, 128]);
    expect(containsTokens(inputs, 'past', 0, tokens(0, 65))).toBe(true);
    expect(containsTokens(inputs, 'past', 1, tokens(100, 5))).toBe(true);
    expect(containsTokens(inputs, 'past', 1, tokens(101, 5))).toBe(false);
  });

  it('returns the same inputs until the cache is resized', () => {
    const cache = fill(tokens(0, 60));
    const before = cache.inputs(0, 1);

    cache.append(decoderOutputs([tokens(60, 2)]), 0, 2, 0, 60);
    expect(cache.inputs(0, 1)).toBe(before);
    expect(containsTokens(before, 'past', 0, tokens(0, 62))).toBe(true);

    cache.append(decoderOutputs([tokens(62, 4)]), 0, 4, 0, 62);
    expect(containsTokens(cache.inputs(0, 1), 'past', 0, tokens(0, 66))).toBe(true);
  });

  it('grows in place up to the reserved length', () => {
    const cache = new KvCache(FAKE_CACHE);
    cache.reserve(200);
    cache.resize(1, 0);
    cache.append(decoderOutputs([tokens(0, 60)]), 0, 60, 0, 0);
    const memoryOf = () => cache.inputs(0, 1)['past.1.key']!.data.buffer;
    const before = memoryOf();

    cache.append(decoderOutputs([tokens(60, 100)]), 0, 100, 0, 60);

    expect(memoryOf()).toBe(before);
    expect(cache.inputs(0, 1)['past.1.key']?.shape).toEqual([1, 2, 3, 192]);
    expect(containsTokens(cache.inputs(0, 1), 'past', 0, tokens(0, 160))).toBe(true);
    cache.append(decoderOutputs([tokens(160, 60)]), 0, 60, 0, 160);
    expect(memoryOf()).not.toBe(before);
    expect(containsTokens(cache.inputs(0, 1), 'past', 0, tokens(0, 220))).toBe(true);
  });

  it('does not copy slots again while the allocation has spare slots', () => {
    const cache = fill(tokens(0, 40), tokens(100, 40), tokens(200, 40));
    const memoryOf = () => cache.inputs(0, 1)['past.1.key']!.data.buffer;
    const before = memoryOf();
    cache.fit(4, 40);
    expect(memoryOf()).toBe(before);

    cache.fit(5, 40);
    const grown = memoryOf();
    cache.fit(8, 40);
    expect(memoryOf()).toBe(grown);
    for (const slot of [0, 1, 2]) {
      expect(containsTokens(cache.inputs(0, 8), 'past', slot, tokens(100 * slot, 40))).toBe(true);
    }
  });

  it('shrinks in place, and reallocates if it would use less than half of its memory', () => {
    const cache = fill(tokens(0, 100), tokens(200, 120), tokens(0, 1));
    const memoryOf = () => cache.inputs(0, 1)['past.0.value']!.data.buffer;
    const before = memoryOf();

    cache.fit(2, 40);
    expect(memoryOf()).not.toBe(before);
    expect(containsTokens(cache.inputs(0, 2), 'past', 1, tokens(200, 40))).toBe(true);

    const small = memoryOf();
    cache.fit(1, 40);
    expect(memoryOf()).toBe(small);
    expect(cache.inputs(0, 1)['past.0.key']?.shape).toEqual([1, 2, 3, 64]);
    expect(containsTokens(cache.inputs(0, 1), 'past', 0, tokens(0, 40))).toBe(true);
  });

  it('clears NaNs from positions that it grows into', () => {
    const cache = new KvCache(FAKE_CACHE);
    cache.reserve(400);
    cache.resize(2, 64);
    const scales = () => cache.inputs(0, cache.slots)['past.0.value_scale']!.data as Float32Array;
    const memory = scales().buffer;

    scales().fill(NaN);
    cache.resize(1, 0);
    cache.clear(0);
    cache.resize(2, 0);
    expect(scales().some(Number.isNaN)).toBe(false);

    scales().fill(NaN);
    cache.resize(2, 128);
    // Only the 64 positions that each head had before are preserved.
    expect(scales().filter(Number.isNaN)).toHaveLength(2 * 2 * 64);
    expect(scales().buffer).toBe(memory);
  });

  it('drops slots at the end', () => {
    const cache = fill(tokens(0, 5), tokens(50, 70), tokens(9, 3));

    cache.resize(2, 0);

    expect(cache.inputs(0, 2)['past.0.value']?.data).toHaveLength(2 * 2 * 128 * 3);
    expect(containsTokens(cache.inputs(0, 2), 'past', 0, tokens(0, 5))).toBe(true);
    expect(containsTokens(cache.inputs(0, 2), 'past', 1, tokens(50, 70))).toBe(true);
  });

  it('provides a range of slots without a copy', () => {
    const cache = fill(tokens(0, 5), tokens(20, 6), tokens(40, 7));

    const inputs = cache.inputs(1, 2);

    expect(containsTokens(inputs, 'past', 0, tokens(20, 6))).toBe(true);
    expect(containsTokens(inputs, 'past', 1, tokens(40, 7))).toBe(true);
    const [range, all] = [inputs['past.0.key']!, cache.inputs(0, 3)['past.0.key']!];
    expect(range.data.buffer).toBe(all.data.buffer);
  });

  it.each([1, 3, 40])('appends %i new positions of each sequence of a batch', (count) => {
    const cache = fill(tokens(0, 10), tokens(50, 20), tokens(90, 3));
    const outputs = decoderOutputs([tokens(30, count), tokens(80, count)]);

    cache.append(outputs, 1, count, 0, 10);
    cache.append(outputs, 0, count, 2, 3);

    const inputs = cache.inputs(0, 3);
    expect(containsTokens(inputs, 'past', 0, [...tokens(0, 10), ...tokens(80, count)])).toBe(true);
    expect(containsTokens(inputs, 'past', 1, tokens(50, 20))).toBe(true);
    expect(containsTokens(inputs, 'past', 2, [...tokens(90, 3), ...tokens(30, count)])).toBe(true);
  });

  it('copies between caches of different capacities and between slots', () => {
    const from = fill(tokens(0, 3), tokens(10, 100));
    const to = fill(tokens(60, 30), tokens(0, 1), tokens(0, 1));

    to.resize(3, 120);
    to.copyFrom({ cache: from, slot: 1, length: 90 }, 1, 0);
    to.copyFrom({ cache: from, slot: 1, length: 20 }, 0, 30);
    to.copyFrom({ cache: to, slot: 0, length: 50 }, 2, 0);

    const inputs = to.inputs(0, 3);
    expect(containsTokens(inputs, 'past', 1, tokens(10, 90))).toBe(true);
    for (const slot of [0, 2]) {
      expect(containsTokens(inputs, 'past', slot, [...tokens(60, 30), ...tokens(10, 20)])).toBe(
        true,
      );
    }
  });

  it('converts to a prefix and copies part of a prefix', () => {
    const exact = KvCache.withLength(FAKE_CACHE, 37);
    exact.copyFrom({ cache: fill(tokens(5, 40)), slot: 0, length: 37 }, 0, 0);
    const prefix = exact.asPrefix();

    expect(prefix.length).toBe(37);
    expect(prefix.bytes).toBe(37 * cacheBytesPerToken(FAKE_CACHE));
    const inputs = createPrefixInputs(cachePlanes(FAKE_CACHE))(prefix);
    expect(inputs['prefix.1.value']?.shape).toEqual([1, 2, 37, 3]);
    expect(containsTokens(inputs, 'prefix', 0, tokens(5, 37))).toBe(true);

    const cache = fill(tokens(0, 1), tokens(0, 1));
    cache.resize(2, 70);
    cache.copyPrefix(prefix, 21, 1);
    expect(containsTokens(cache.inputs(1, 1), 'past', 0, tokens(5, 21))).toBe(true);
    expect(containsTokens(cache.inputs(1, 1), 'past', 0, tokens(5, 22))).toBe(false);
  });

  it('uses a prefix input of 0 positions without a prefix', () => {
    const inputs = createPrefixInputs(cachePlanes(FAKE_CACHE))(null);

    expect(inputs['prefix.0.key']).toEqual({
      type: 'int8',
      shape: [1, 2, 3, 0],
      data: new Int8Array(),
    });
    expect(inputs['prefix.0.key_scale']?.shape).toEqual([1, 2, 1, 0]);
  });

  it.each<[string, (outputs: ReturnType<typeof decoderOutputs>) => object]>([
    ['without a plane', (all) => ({ ...all, 'present.1.value': undefined })],
    [
      'with a plane of another type',
      (all) => ({ ...all, 'present.0.key': all['present.0.key_scale'] }),
    ],
    ['with too few positions', () => decoderOutputs([tokens(0, 3)])],
  ])('refuses graph outputs %s', (_, change) => {
    const cache = fill(tokens(0, 1));
    const outputs = change(decoderOutputs([tokens(0, 4)])) as ReturnType<typeof decoderOutputs>;

    expect(() => cache.append(outputs, 0, 4, 0, 1)).toThrow(TypeError);
    expect(() => cache.append(decoderOutputs([tokens(0, 4)]), 1, 4, 0, 1)).toThrow(TypeError);
  });
});
