import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createNoise } from '../../test/tiny-checkpoint.js';
import type { MatrixSource } from './checkpoint-tensors.js';
import { WeightFile, quantizeRows } from './weight-file.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weight-file-'));
});

afterAll(() => rm(directory, { recursive: true }));

function toSource(rows: number, data: Float32Array): MatrixSource {
  const columns = data.length / rows;
  return {
    rows,
    columns,
    readRows: (start, count) =>
      Promise.resolve(data.slice(start * columns, (start + count) * columns)),
  };
}

describe('WeightFile', () => {
  it('turns a weight over and starts the next on a page', async () => {
    const path = join(directory, 'float.data');
    const file = await WeightFile.create(path);
    const first = await file.appendFloat32(toSource(2, Float32Array.of(1, 2, 3, 4, 5, 6)));
    const second = await file.appendFloat32(toSource(1, Float32Array.of(7)));
    await file.close();

    const bytes = await readFile(path);
    expect(first).toEqual({ file: 'float.data', offset: 0, length: 24 });
    expect(second).toEqual({ file: 'float.data', offset: 4096, length: 4 });
    expect(bytes).toHaveLength(4100);
    expect([0, 1, 2, 3, 4, 5].map((i) => bytes.readFloatLE(4 * i))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(bytes.readFloatLE(4096)).toBe(7);
  });

  it.each([1, 7, 12, 1000])('writes the same in blocks of %d values', async (blockValues) => {
    const noise = createNoise(blockValues);
    const source = toSource(5, Float32Array.from({ length: 30 }, noise));
    const [whole, parts] = [
      await WeightFile.create(join(directory, `whole-${blockValues}`)),
      await WeightFile.create(join(directory, `parts-${blockValues}`), blockValues),
    ];
    await whole.appendFloat32(source);
    await parts.appendFloat32(source);
    const { scales: wholeScales } = await whole.appendInt8(source);
    const { scales: partScales } = await parts.appendInt8(source);
    await whole.close();
    await parts.close();

    expect(partScales).toEqual(wholeScales);
    expect(await readFile(join(directory, `parts-${blockValues}`))).toEqual(
      await readFile(join(directory, `whole-${blockValues}`)),
    );
  });
});

describe('quantizeRows', () => {
  it('is off by half a step at most and gives each row a scale of its own', () => {
    const noise = createNoise(3);
    const rows = Float32Array.from({ length: 200 }, (_, i) => noise() * (i < 100 ? 1 : 1000));
    const { values, scales } = quantizeRows(rows, 2);

    for (const [i, value] of rows.entries()) {
      const scale = scales[i < 100 ? 0 : 1]!;
      expect(Math.abs(values[i]! * scale - value)).toBeLessThanOrEqual(scale * 0.5001);
    }
    expect(Math.max(...values.map(Math.abs))).toBe(127);
    expect(scales[1]! / scales[0]!).toBeGreaterThan(900);
  });

  it('keeps a row of zeros', () => {
    const { values, scales } = quantizeRows(new Float32Array(4), 1);

    expect(values).toEqual(new Int8Array(4));
    expect(scales).toEqual(Float32Array.of(1));
  });

  it('is symmetric', () => {
    expect(quantizeRows(Float32Array.of(-2, 2, 1), 1).values).toEqual(Int8Array.of(-127, 127, 64));
  });
});
