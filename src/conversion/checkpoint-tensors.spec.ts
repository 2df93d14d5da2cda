import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeSafetensors, joinSafetensors } from '../../test/tiny-checkpoint.js';
import {
  canonicalName,
  listWeightFiles,
  openCheckpointTensors,
  stackRows,
} from './checkpoint-tensors.js';

const INVALID = { code: 'MODEL_INVALID' };
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'checkpoint-tensors-'));
});

afterAll(() => rm(root, { recursive: true }));

async function writeFolder(name: string, files: Record<string, Uint8Array | string>) {
  const directory = join(root, name);
  await mkdir(directory);
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(directory, file), content);
  }
  return directory;
}

function counting(rows: number, columns: number, first = 0) {
  const data = Float32Array.from({ length: rows * columns }, (_, index) => first + index);
  return { shape: [rows, columns], data };
}

describe('openCheckpointTensors', () => {
  it('reads rows of a matrix', async () => {
    const file = encodeSafetensors({ other: counting(1, 3), 'model.a': counting(4, 2) });
    const tensors = await openCheckpointTensors(
      await writeFolder('single', { 'model.safetensors': file }),
    );

    const matrix = tensors.matrix('a', [4, 2]);

    expect(await matrix.readRows(1, 2)).toEqual(Float32Array.of(2, 3, 4, 5));
    expect(await tensors.read('a', [4, 2])).toEqual(counting(4, 2).data);
    expect(tensors.has('other')).toBe(true);
    expect(tensors.unusedNames()).toEqual(['other']);
    await tensors.close();
  });

  it('widens 16-bit weights', async () => {
    const header = JSON.stringify({
      half: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
      brain: { dtype: 'BF16', shape: [2], data_offsets: [4, 8] },
    });
    const words = Uint16Array.of(0x3c00, 0xc000, 0x3f80, 0xc000);
    const file = joinSafetensors(header, new Uint8Array(words.buffer));
    const tensors = await openCheckpointTensors(
      await writeFolder('half', { 'model.safetensors': file }),
    );

    expect(await tensors.read('half', [2])).toEqual(Float32Array.of(1, -2));
    expect(await tensors.read('brain', [2])).toEqual(Float32Array.of(1, -2));
    await tensors.close();
  });

  it('reads shards through their index', async () => {
    const directory = await writeFolder('shards', {
      'model.safetensors.index.json': JSON.stringify({
        weight_map: { a: 'model-2.safetensors', b: 'model-1.safetensors' },
      }),
      'model-1.safetensors': encodeSafetensors({ b: counting(1, 1, 7) }),
      'model-2.safetensors': encodeSafetensors({ a: counting(1, 1, 8) }),
    });
    const tensors = await openCheckpointTensors(directory);

    expect(await tensors.read('a', [1, 1])).toEqual(Float32Array.of(8));
    expect(await tensors.read('b', [1, 1])).toEqual(Float32Array.of(7));
    await tensors.close();
  });

  it('refuses a missing tensor, another shape and integers', async () => {
    const header = JSON.stringify({ a: { dtype: 'I32', shape: [1], data_offsets: [0, 4] } });
    const file = joinSafetensors(header, new Uint8Array(4));
    const tensors = await openCheckpointTensors(
      await writeFolder('integers', { 'model.safetensors': file }),
    );

    expect(() => tensors.matrix('b', [1])).toThrow(expect.objectContaining(INVALID) as Error);
    expect(() => tensors.matrix('a', [1, 1])).toThrow(expect.objectContaining(INVALID) as Error);
    await expect(tensors.read('a', [1])).rejects.toMatchObject(INVALID);
    await tensors.close();
  });

  it('refuses two spellings of one tensor', async () => {
    const file = encodeSafetensors({ 'model.a': counting(1, 1), a: counting(1, 1) });
    const directory = await writeFolder('twice', { 'model.safetensors': file });

    await expect(openCheckpointTensors(directory)).rejects.toMatchObject(INVALID);
  });

  it.each([
    ['no file', 'none', {}],
    ['an empty file', 'empty', { 'model.safetensors': '' }],
    ['a missing shard', 'gone', { 'model.safetensors.index.json': index('a.safetensors') }],
  ])('refuses %s', async (_, name, files) => {
    const directory = await writeFolder(name, files);

    await expect(openCheckpointTensors(directory)).rejects.toMatchObject(INVALID);
  });
});

describe('listWeightFiles', () => {
  it.each([
    '../model.safetensors',
    '/model.safetensors',
    'a/b.safetensors',
    '.safetensors',
    'a.bin',
  ])('refuses the shard %s', async (shard) => {
    const directory = await mkdtemp(join(root, 'shard-'));
    await writeFile(join(directory, 'model.safetensors.index.json'), index(shard));

    await expect(listWeightFiles(directory)).rejects.toMatchObject(INVALID);
  });
});

describe('stackRows', () => {
  it('reads across the border of two matrices', async () => {
    const source = (first: number, rows: number) => ({
      rows,
      columns: 2,
      readRows: (start: number, count: number) =>
        Promise.resolve(counting(rows, 2, first).data.slice(start * 2, (start + count) * 2)),
    });
    const stacked = stackRows([source(0, 2), source(10, 1), source(20, 2)]);

    expect(stacked).toMatchObject({ rows: 5, columns: 2 });
    expect(await stacked.readRows(1, 3)).toEqual(Float32Array.of(2, 3, 10, 11, 20, 21));
  });
});

describe('canonicalName', () => {
  it.each([
    ['language_model.model.layers.0.mlp.up_proj.weight'],
    ['model.language_model.layers.0.mlp.up_proj.weight'],
  ])('spells %s in one way', (name) => {
    expect(canonicalName(name)).toBe('language_model.layers.0.mlp.up_proj.weight');
  });

  it.each([
    ['language_model.lm_head.weight', 'lm_head.weight'],
    ['model.vision_tower.vision_model.head.bias', 'vision_tower.head.bias'],
    ['vision_tower.post_layernorm.bias', 'vision_tower.post_layernorm.bias'],
    ['model.image_newline', 'image_newline'],
  ])('spells %s as %s', (name, expected) => {
    expect(canonicalName(name)).toBe(expected);
  });
});

function index(shard: string): string {
  return JSON.stringify({ weight_map: { a: shard } });
}
