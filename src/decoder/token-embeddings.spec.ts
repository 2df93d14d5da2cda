import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openTokenEmbeddings } from './token-embeddings.js';

const VALUES = Float32Array.from([0, 0.5, -1, 2, 3.25, -4, 0.125, 7, 8, -9, 10, 11]);
/** int8 rows with one scale each. */
const SCALED = [
  { bytes: [0, 2, -4], scale: 0.25 },
  { bytes: [8, 13, -16], scale: 0.25 },
  { bytes: [1, 56, 64], scale: 0.125 },
  { bytes: [-127, 127, -128], scale: 0.5 },
];
const failsWith = (code: string) => expect.objectContaining({ code }) as Error;

describe('openTokenEmbeddings', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'embeddings-'));
    await writeFile(join(directory, 'float32.bin'), VALUES);
    const rows = SCALED.map(({ bytes, scale }) => {
      const tail = Buffer.alloc(4);
      tail.writeFloatLE(scale);
      return Buffer.concat([Buffer.from(bytes), tail]);
    });
    await writeFile(join(directory, 'int8.bin'), Buffer.concat(rows));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it.each([
    ['float32', [-9, 10, 11, 0, 0.5, -1, -9, 10, 11]],
    ['int8', [-63.5, 63.5, -64, 0, 0.5, -1, -63.5, 63.5, -64]],
  ] as const)('returns %s rows in the order of the token ids', (dtype, expected) => {
    const path = join(directory, `${dtype}.bin`);
    const table = openTokenEmbeddings(path, { dtype, rows: 4, columns: 3, scale: 1 });

    const embeddings = table.embed([3, 0, 3]);

    expect(embeddings.shape).toEqual([3, 3]);
    expect([...embeddings.data]).toEqual(expected);
    expect(table.embed([]).shape).toEqual([0, 3]);
    table.close();
  });

  it.each([
    ['float32', [0, 4, -8]],
    ['int8', [0, 4, -8]],
  ] as const)('multiplies %s rows with the scale', (dtype, expected) => {
    const path = join(directory, `${dtype}.bin`);
    const table = openTokenEmbeddings(path, { dtype, rows: 4, columns: 3, scale: 8 });

    expect([...table.embed([0]).data]).toEqual(expected);
    table.close();
  });

  it.each([-1, 4, 1.5, NaN])('refuses token id %d', (id) => {
    const table = openTokenEmbeddings(join(directory, 'float32.bin'), {
      dtype: 'float32',
      rows: 4,
      columns: 3,
      scale: 1,
    });

    expect(() => table.embed([id])).toThrow(failsWith('MODEL_INVALID'));
    table.close();
  });

  it('refuses a file that is missing or of another size', () => {
    const open = (name: string, rows: number) =>
      openTokenEmbeddings(join(directory, name), { dtype: 'float32', rows, columns: 3, scale: 1 });

    expect(() => open('none.bin', 4)).toThrow(failsWith('MODEL_INVALID'));
    expect(() => open('float32.bin', 5)).toThrow(failsWith('MODEL_INVALID'));
    expect(() => open('int8.bin', 4)).toThrow(failsWith('MODEL_INVALID'));
  });
});
