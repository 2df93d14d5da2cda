import { holdsMarks, MARKED_CACHE, markedOutputs } from '../../../test/fakes/marked-kv-cache.js';
import { cacheBytesPerToken, cachePlanes } from './cache-planes.js';
import { createPrefixInputs } from './kv-prefix.js';
import { KvCache } from './kv-cache.js';

const marks = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

/** Rows with one sequence in each slot. */
function fill(...ofSlots: (readonly number[])[]): KvCache {
  const rows = new KvCache(MARKED_CACHE);
  rows.resize(ofSlots.length, 1);
  ofSlots.forEach((ofSlot, slot) => {
    rows.append(markedOutputs([ofSlot]), 0, ofSlot.length, slot, 0);
  });
  return rows;
}

describe('KvRows', () => {
  it('hands out nothing at first, of the right types', () => {
    const rows = new KvCache(MARKED_CACHE);
    rows.resize(1, 0);

    expect(rows.inputs(0, 1)['past.1.key']).toEqual({
      type: 'int8',
      shape: [1, 2, 3, 0],
      data: new Int8Array(),
    });
    expect(rows.inputs(0, 1)['past.0.value_scale']).toMatchObject({
      type: 'float32',
      shape: [1, 2, 1, 0],
    });
    expect(Object.keys(rows.inputs(0, 1))).toHaveLength(10);
  });

  it('keeps what it holds while slots and positions grow', () => {
    const rows = fill(marks(0, 63), marks(100, 5));
    expect([rows.slots, rows.capacity]).toEqual([2, 64]);

    rows.append(markedOutputs([marks(63, 2)]), 0, 2, 0, 63);
    rows.resize(5, 10);

    expect([rows.slots, rows.capacity]).toEqual([5, 128]);
    const inputs = rows.inputs(0, 5);
    expect(inputs['past.0.key']?.shape).toEqual([5, 2, 3, 128]);
    expect(inputs['past.0.value']?.shape).toEqual([5, 2, 128, 3]);
    expect(inputs['past.0.key_scale']?.shape).toEqual([5, 2, 1, 128]);
    expect(holdsMarks(inputs, 'past', 0, marks(0, 65))).toBe(true);
    expect(holdsMarks(inputs, 'past', 1, marks(100, 5))).toBe(true);
    expect(holdsMarks(inputs, 'past', 1, marks(101, 5))).toBe(false);
  });

  it('hands out the same tensors until rows move', () => {
    const rows = fill(marks(0, 60));
    const before = rows.inputs(0, 1);

    rows.append(markedOutputs([marks(60, 2)]), 0, 2, 0, 60);
    expect(rows.inputs(0, 1)).toBe(before);
    expect(holdsMarks(before, 'past', 0, marks(0, 62))).toBe(true);

    rows.append(markedOutputs([marks(62, 4)]), 0, 4, 0, 62);
    expect(holdsMarks(rows.inputs(0, 1), 'past', 0, marks(0, 66))).toBe(true);
  });

  it('grows in place where it was told how long rows get', () => {
    const rows = new KvCache(MARKED_CACHE);
    rows.reserve(200);
    rows.resize(1, 0);
    rows.append(markedOutputs([marks(0, 60)]), 0, 60, 0, 0);
    const memoryOf = () => rows.inputs(0, 1)['past.1.key']!.data.buffer;
    const before = memoryOf();

    rows.append(markedOutputs([marks(60, 100)]), 0, 100, 0, 60);

    expect(memoryOf()).toBe(before);
    expect(rows.inputs(0, 1)['past.1.key']?.shape).toEqual([1, 2, 3, 192]);
    expect(holdsMarks(rows.inputs(0, 1), 'past', 0, marks(0, 160))).toBe(true);
    rows.append(markedOutputs([marks(160, 60)]), 0, 60, 0, 160);
    expect(memoryOf()).not.toBe(before);
    expect(holdsMarks(rows.inputs(0, 1), 'past', 0, marks(0, 220))).toBe(true);
  });

  it('copies nobody again who was there when memory for more was set aside', () => {
    const rows = fill(marks(0, 40), marks(100, 40), marks(200, 40));
    const memoryOf = () => rows.inputs(0, 1)['past.1.key']!.data.buffer;
    const before = memoryOf();
    rows.fit(4, 40);
    expect(memoryOf()).toBe(before);

    rows.fit(5, 40);
    const grown = memoryOf();
    rows.fit(8, 40);
    expect(memoryOf()).toBe(grown);
    for (const slot of [0, 1, 2]) {
      expect(holdsMarks(rows.inputs(0, 8), 'past', slot, marks(100 * slot, 40))).toBe(true);
    }
  });

  it('shrinks in place, and gives back what is more than twice its room', () => {
    const rows = fill(marks(0, 100), marks(200, 120), marks(0, 1));
    const memoryOf = () => rows.inputs(0, 1)['past.0.value']!.data.buffer;
    const before = memoryOf();

    rows.fit(2, 40);
    expect(memoryOf()).not.toBe(before);
    expect(holdsMarks(rows.inputs(0, 2), 'past', 1, marks(200, 40))).toBe(true);

    const small = memoryOf();
    rows.fit(1, 40);
    expect(memoryOf()).toBe(small);
    expect(rows.inputs(0, 1)['past.0.key']?.shape).toEqual([1, 2, 3, 64]);
    expect(holdsMarks(rows.inputs(0, 1), 'past', 0, marks(0, 40))).toBe(true);
  });

  it('leaves nothing that is not a number where rows grow in place', () => {
    const rows = new KvCache(MARKED_CACHE);
    rows.reserve(400);
    rows.resize(2, 64);
    const scales = () => rows.inputs(0, rows.slots)['past.0.value_scale']!.data as Float32Array;
    const memory = scales().buffer;

    scales().fill(NaN);
    rows.resize(1, 0);
    rows.clear(0);
    rows.resize(2, 0);
    expect(scales().some(Number.isNaN)).toBe(false);

    scales().fill(NaN);
    rows.resize(2, 128);
    // What each line held is still there, and nothing else.
    expect(scales().filter(Number.isNaN)).toHaveLength(2 * 2 * 64);
    expect(scales().buffer).toBe(memory);
  });

  it('drops slots from the end', () => {
    const rows = fill(marks(0, 5), marks(50, 70), marks(9, 3));

    rows.resize(2, 0);

    expect(rows.inputs(0, 2)['past.0.value']?.data).toHaveLength(2 * 2 * 128 * 3);
    expect(holdsMarks(rows.inputs(0, 2), 'past', 0, marks(0, 5))).toBe(true);
    expect(holdsMarks(rows.inputs(0, 2), 'past', 1, marks(50, 70))).toBe(true);
  });

  it('hands out some of its slots without a copy', () => {
    const rows = fill(marks(0, 5), marks(20, 6), marks(40, 7));

    const inputs = rows.inputs(1, 2);

    expect(holdsMarks(inputs, 'past', 0, marks(20, 6))).toBe(true);
    expect(holdsMarks(inputs, 'past', 1, marks(40, 7))).toBe(true);
    const [one, all] = [inputs['past.0.key']!, rows.inputs(0, 3)['past.0.key']!];
    expect(one.data.buffer).toBe(all.data.buffer);
  });

  it.each([1, 3, 40])('takes over %i new rows of each sequence of a batch', (count) => {
    const rows = fill(marks(0, 10), marks(50, 20), marks(90, 3));
    const outputs = markedOutputs([marks(30, count), marks(80, count)]);

    rows.append(outputs, 1, count, 0, 10);
    rows.append(outputs, 0, count, 2, 3);

    const inputs = rows.inputs(0, 3);
    expect(holdsMarks(inputs, 'past', 0, [...marks(0, 10), ...marks(80, count)])).toBe(true);
    expect(holdsMarks(inputs, 'past', 1, marks(50, 20))).toBe(true);
    expect(holdsMarks(inputs, 'past', 2, [...marks(90, 3), ...marks(30, count)])).toBe(true);
  });

  it('copies between caches of other capacities, and from one slot to another', () => {
    const from = fill(marks(0, 3), marks(10, 100));
    const to = fill(marks(60, 30), marks(0, 1), marks(0, 1));

    to.resize(3, 120);
    to.copyFrom({ cache: from, slot: 1, length: 90 }, 1, 0);
    to.copyFrom({ cache: from, slot: 1, length: 20 }, 0, 30);
    to.copyFrom({ cache: to, slot: 0, length: 50 }, 2, 0);

    const inputs = to.inputs(0, 3);
    expect(holdsMarks(inputs, 'past', 1, marks(10, 90))).toBe(true);
    for (const slot of [0, 2]) {
      expect(holdsMarks(inputs, 'past', slot, [...marks(60, 30), ...marks(10, 20)])).toBe(true);
    }
  });

  it('becomes a prefix, and takes one over in part', () => {
    const exact = KvCache.withLength(MARKED_CACHE, 37);
    exact.copyFrom({ cache: fill(marks(5, 40)), slot: 0, length: 37 }, 0, 0);
    const prefix = exact.asPrefix();

    expect(prefix.length).toBe(37);
    expect(prefix.bytes).toBe(37 * cacheBytesPerToken(MARKED_CACHE));
    const inputs = createPrefixInputs(cachePlanes(MARKED_CACHE))(prefix);
    expect(inputs['prefix.1.value']?.shape).toEqual([1, 2, 37, 3]);
    expect(holdsMarks(inputs, 'prefix', 0, marks(5, 37))).toBe(true);

    const rows = fill(marks(0, 1), marks(0, 1));
    rows.resize(2, 70);
    rows.copyPrefix(prefix, 21, 1);
    expect(holdsMarks(rows.inputs(1, 1), 'past', 0, marks(5, 21))).toBe(true);
    expect(holdsMarks(rows.inputs(1, 1), 'past', 0, marks(5, 22))).toBe(false);
  });

  it('feeds a prefix of no positions where there is none', () => {
    const inputs = createPrefixInputs(cachePlanes(MARKED_CACHE))(null);

    expect(inputs['prefix.0.key']).toEqual({
      type: 'int8',
      shape: [1, 2, 3, 0],
      data: new Int8Array(),
    });
    expect(inputs['prefix.0.key_scale']?.shape).toEqual([1, 2, 1, 0]);
  });

  it.each<[string, (outputs: ReturnType<typeof markedOutputs>) => object]>([
    ['without a plane', (all) => ({ ...all, 'present.1.value': undefined })],
    ['of another type', (all) => ({ ...all, 'present.0.key': all['present.0.key_scale'] })],
    ['that are too few', () => markedOutputs([marks(0, 3)])],
  ])('refuses rows %s', (_, change) => {
    const rows = fill(marks(0, 1));
    const outputs = change(markedOutputs([marks(0, 4)])) as ReturnType<typeof markedOutputs>;

    expect(() => rows.append(outputs, 0, 4, 0, 1)).toThrow(TypeError);
    expect(() => rows.append(markedOutputs([marks(0, 4)]), 1, 4, 0, 1)).toThrow(TypeError);
  });
});
