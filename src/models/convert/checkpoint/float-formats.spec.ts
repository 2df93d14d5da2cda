import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeRawTensors } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { createValueReader, readFiniteValues } from './float-formats.js';
import { openSafetensors } from './safetensors.js';

const INVALID = { code: 'MODEL_INVALID' };
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tensor-values-'));
});

afterAll(() => rm(root, { recursive: true }));

async function openTensor(dtype: string, bytes: Uint8Array, count: number) {
  const path = join(root, `${dtype}.safetensors`);
  await writeFile(path, encodeRawTensors({ first: pad(), a: { dtype, shape: [count], bytes } }));
  const shard = await openSafetensors(path);
  return { path, shard, tensor: shard.tensors.get('a')! };
}

/** Five bytes, so that the next tensor is not aligned. */
function pad() {
  return { dtype: 'U8', shape: [5], bytes: new Uint8Array(5) };
}

function bytesOf(values: Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(values.slice().buffer);
}

describe('readFiniteValues', () => {
  it.each([
    ['F32', bytesOf(Float32Array.of(1, -2.5)), [1, -2.5]],
    ['F16', bytesOf(Uint16Array.of(0x3c00, 0xc000)), [1, -2]],
    ['BF16', bytesOf(Uint16Array.of(0x3f80, 0xc000)), [1, -2]],
    // One; the smallest above zero; the largest; the smallest normal, negative.
    ['F8_E4M3', Uint8Array.of(0x38, 0x01, 0x7e, 0x88), [1, 2 ** -9, 448, -(2 ** -6)]],
  ])('widens %s', async (dtype, bytes, expected) => {
    const { shard, tensor } = await openTensor(dtype, bytes, expected.length);

    expect([...readFiniteValues(tensor)]).toEqual(expected);
    await shard.close();
  });

  it.each([
    ['F32', bytesOf(Float32Array.of(1, NaN)), 'NaN'],
    ['F32', bytesOf(Float32Array.of(1, -Infinity)), '-Infinity'],
    ['F16', bytesOf(Uint16Array.of(0x3c00, 0x7e01)), 'NaN'],
    ['F16', bytesOf(Uint16Array.of(0x3c00, 0x7c00)), 'Infinity'],
    ['BF16', bytesOf(Uint16Array.of(0x3f80, 0x7fc0)), 'NaN'],
    ['BF16', bytesOf(Uint16Array.of(0x3f80, 0xff80)), '-Infinity'],
    ['F8_E4M3', Uint8Array.of(0x38, 0xff), 'NaN'],
  ])('rejects %s values that are not finite', async (dtype, bytes, value) => {
    const { shard, tensor } = await openTensor(dtype, bytes, 2);

    expect(() => readFiniteValues(tensor)).toThrow(
      `Invalid checkpoint: ${dtype}.safetensors: the value of \`a\` at [1] is ${value}.`,
    );
    await shard.close();
  });

  it('rejects integers', async () => {
    const { shard, tensor } = await openTensor('I32', new Uint8Array(4), 1);

    expect(() => readFiniteValues(tensor)).toThrow(expect.objectContaining(INVALID) as Error);
    await shard.close();
  });

  it('detects a file that is truncated while open', async () => {
    const { path, shard, tensor } = await openTensor('F32', new Uint8Array(8), 2);
    await truncate(path, 60);

    expect(() => readFiniteValues(tensor)).toThrow(expect.objectContaining(INVALID) as Error);
    await shard.close();
  });
});

describe('createValueReader', () => {
  it('reads ranges of values', async () => {
    const values = Float32Array.from({ length: 10 }, (_, i) => i);
    const { shard, tensor } = await openTensor('F32', bytesOf(values), 10);
    const read = createValueReader(tensor, 4);

    expect([...read(2, 4)]).toEqual([2, 3, 4, 5]);
    expect([...read(9, 1)]).toEqual([9]);
    await shard.close();
  });
});

describe('openSafetensors', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['a header that is too long', Buffer.from('ff000000000000007b7d', 'hex')],
  ])('rejects a file of %s', async (_, bytes) => {
    const path = join(root, 'broken.safetensors');
    await writeFile(path, bytes);

    await expect(openSafetensors(path)).rejects.toMatchObject(INVALID);
  });

  it('rejects a missing file', async () => {
    await expect(openSafetensors(join(root, 'absent'))).rejects.toMatchObject(INVALID);
  });
});
