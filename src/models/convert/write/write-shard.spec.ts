import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  type RawTensor,
  createNoise,
  encodeRawTensors,
} from '../../../../test/tiny-model/tiny-checkpoint.js';
import type { CheckpointQuantization } from '../checkpoint/architecture.js';
import { writeShard } from './write-shard.js';
import { openWeightFiles } from './weight-files.js';
import { partsOf } from '../checkpoint/weight-parts.js';
import type { ConversionPlan } from '../plan-conversion.js';
import type { KnownTensor } from '../checkpoint/tensor-names.js';
import type { WeightSlot } from '../graph/weight-layout.js';

const [ROWS, COLUMNS, GROUP] = [24, 40, 16]; // the last group is half full
const GROUPS = Math.ceil(COLUMNS / GROUP);
const GPTQ = {
  ...({ kind: 'integers', layout: 'gptq', bits: 4, groupSize: GROUP } as const),
  ...({ zeroPoints: 'middle', groups: 'contiguous' } as const),
};
const FP8 = { kind: 'fp8', block: null } as const;
const BLOCK_BYTES = (ROWS * GROUPS * GROUP) / 2;
const FLOATS = ROWS * COLUMNS;
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fill-from-shard-'));
});

afterAll(() => rm(root, { recursive: true }));

const noise = createNoise(21);
const levels = Int8Array.from({ length: FLOATS }, () => Math.floor(16 * (noise() + 0.5)) - 8);
const scales = Float32Array.from({ length: ROWS * GROUPS }, () => 1 + noise()); // [rows, groups]
const gptqValues = Float32Array.from(levels, (level, i) => {
  const group = Math.floor((i % COLUMNS) / GROUP);
  return level * scales[Math.floor(i / COLUMNS) * GROUPS + group]!;
});

/** The tensors of the weight, transposed as in GPTQ. */
function gptqTensors(): Record<string, RawTensor> {
  const words = new Uint32Array((COLUMNS / 8) * ROWS);
  for (const [i, level] of levels.entries()) {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const word = Math.floor(column / 8) * ROWS + row;
    words[word] = (words[word]! | ((level + 8) << ((column % 8) * 4))) >>> 0;
  }
  const lying = Float32Array.from(
    scales,
    (_, i) => scales[(i % ROWS) * GROUPS + Math.floor(i / ROWS)]!,
  );
  const groups = Int32Array.from({ length: COLUMNS }, (_, i) => Math.floor(i / GROUP));
  const zeros = new Uint32Array((GROUPS * ROWS) / 8).fill(0x77777777);
  return {
    'a.qweight': raw('I32', [COLUMNS / 8, ROWS], words),
    'a.qzeros': raw('I32', [GROUPS, ROWS / 8], zeros),
    'a.scales': raw('F32', [GROUPS, ROWS], lying),
    'a.g_idx': raw('I32', [COLUMNS], groups),
  };
}

function raw(
  dtype: string,
  shape: number[],
  { buffer }: { readonly buffer: ArrayBuffer },
): RawTensor {
  return { dtype, shape, bytes: new Uint8Array(buffer) };
}

/** The weight as blocks of its group size, then as float32. */
const SLOTS: WeightSlot[] = [
  slot({
    ...({ kind: 'blocks', bits: 4, blockSize: GROUP, offset: 0 } as const),
    ...{ scales: BLOCK_BYTES, zeroPoints: null },
  }),
  slot({ kind: 'float32-rows', offset: BLOCK_BYTES + scales.byteLength }),
];

function slot(placement: WeightSlot['placement']): WeightSlot {
  return { tensor: 'a.weight', shape: [ROWS, COLUMNS], file: 'out', placement };
}

/** Writes one file from several shards that share the folder of pending tensors. */
async function fill(
  shards: readonly Record<string, RawTensor>[],
  quantization: CheckpointQuantization,
  slots = SLOTS,
): Promise<Buffer<ArrayBuffer>> {
  const directory = await mkdtemp(join(root, 'case-'));
  const files = await openWeightFiles(directory, new Map([['out', 1 << 14]]));
  const find = (name: string): KnownTensor => {
    const role = name.slice(2) as KnownTensor['role'];
    return { weight: 'a.weight', role };
  };
  const known = { find, parts: partsOf(quantization) };
  const plan = { quantization, slots: new Map([['a.weight', slots]]), known };
  const context = {
    plan: plan as unknown as ConversionPlan,
    files,
    pendingDirectory: join(directory, 'pending'),
    otherTensors: new Set<string>(),
    adapter: null,
  };
  try {
    for (const [index, tensors] of shards.entries()) {
      const path = join(directory, `${index}.safetensors`);
      await writeFile(path, encodeRawTensors(tensors));
      const shard = await writeShard(path, context, {});
      await rm(path);
      expect(shard.tensors).toEqual(Object.keys(tensors));
    }
    return Buffer.from(new Uint8Array(await readFile(join(directory, 'out'))));
  } finally {
    await files.close();
  }
}

function floatsAt(file: Buffer<ArrayBuffer>, offset: number, count: number): Float32Array {
  return new Float32Array(file.buffer.slice(offset, offset + count * 4));
}

/** One tensor per shard. */
function apart(tensors: Record<string, RawTensor>): Record<string, RawTensor>[] {
  return Object.entries(tensors).map(([name, tensor]) => ({ [name]: tensor }));
}

describe('writeShard', () => {
  it('stores GPTQ groups as blocks unchanged, or dequantizes them', async () => {
    const file = await fill([gptqTensors()], GPTQ);

    const packed = file.subarray(0, BLOCK_BYTES);
    const read = Array.from(gptqValues, (_, i) => {
      const column = i % COLUMNS;
      const byte = packed[(Math.floor(i / COLUMNS) * GROUPS * GROUP + column) >> 1]!;
      return ((byte >> ((column % 2) * 4)) & 15) - 8;
    });
    expect(read).toEqual([...levels]);
    expect(packed.subarray((COLUMNS + 8) / 2 - 4, (COLUMNS + 8) / 2).every((b) => b === 0x88)).toBe(
      true,
    );
    expect(floatsAt(file, BLOCK_BYTES, scales.length)).toEqual(scales);
    expect(floatsAt(file, BLOCK_BYTES + scales.byteLength, FLOATS)).toEqual(gptqValues);
  });

  it.each([
    ['in order', (shards: Record<string, RawTensor>[]) => shards],
    ['in reverse order', (shards: Record<string, RawTensor>[]) => [...shards].reverse()],
    ['with repeated shards', (shards: Record<string, RawTensor>[]) => [...shards, ...shards]],
  ])('waits for tensors of the same weight in other shards, %s', async (_, order) => {
    const whole = await fill([gptqTensors()], GPTQ);

    expect(await fill(order(apart(gptqTensors())), GPTQ)).toEqual(whole);
  });

  it.each([
    ['one scale', [1], Float32Array.of(0.5), () => 0.5],
    ['a scale a row', [ROWS, 1], scales.slice(0, ROWS), (row: number) => scales[row]!],
  ])('multiplies eight-bit floats with %s, which may come later', async (_, shape, factors, at) => {
    const bytes = Uint8Array.from({ length: FLOATS }, (__, i) => (i % 2 === 0 ? 0x38 : 0xc0));
    const tensors = {
      'a.weight': { dtype: 'F8_E4M3', shape: [ROWS, COLUMNS], bytes },
      'a.weight_scale': raw('F32', shape, factors),
    };
    const slots = SLOTS.slice(1);
    const file = await fill(apart(tensors), FP8, slots);

    const expected = Float32Array.from({ length: FLOATS }, (__, i) => {
      return (i % 2 === 0 ? 1 : -2) * at(Math.floor(i / COLUMNS));
    });
    expect(floatsAt(file, BLOCK_BYTES + scales.byteLength, FLOATS)).toEqual(expected);
    expect(await fill([tensors], FP8, slots)).toEqual(file);
  });

  const good = gptqTensors();
  const zeros = new Uint32Array((GROUPS * ROWS) / 8).fill(0x77777777).fill(0x77777778, 0, 1);
  it.each<[string, Record<string, RawTensor>]>([
    ['other zero points', { ...good, 'a.qzeros': raw('I32', [GROUPS, ROWS / 8], zeros) }],
    ['columns in another order', { ...good, 'a.g_idx': raw('I32', [2], Int32Array.of(1, 0)) }],
    ['a bias', { ...good, 'a.bias': raw('F32', [2], Float32Array.of(0, 1)) }],
    [
      'groups of another size',
      { ...good, 'a.scales': raw('F32', [1, ROWS], scales.slice(0, ROWS)) },
    ],
    ['another shape', { 'a.weight': raw('F32', [1, 2], new Float32Array(2)) }],
    ['integers', { 'a.weight': raw('I32', [ROWS, COLUMNS], new Int32Array(FLOATS)) }],
  ])('rejects %s', async (_, tensors) => {
    await expect(fill([tensors], GPTQ)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
