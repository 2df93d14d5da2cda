import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { tinyConfig } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { parseArchitecture } from '../checkpoint/parse-config.js';
import { parseQuantization } from '../checkpoint/parse-quantization.js';
import {
  type SafetensorsFile,
  type StoredTensor,
  openSafetensors,
} from '../checkpoint/safetensors.js';
import { type TensorRole, partsOf } from '../checkpoint/weight-parts.js';
import type { WeightPlacement, WeightSlot } from '../graph/weight-layout.js';
import { chooseEncodings } from '../plan-weights.js';
import { encodeWeight } from './encode-weight.js';
import { checkRedundantTensor, createWeightSource } from './weight-source.js';

const GOLDEN = join(import.meta.dirname, '../../../../test/golden/quantized');
/** Written by models/training/quantized_weights.py. */
const { shape, cases } = JSON.parse(readFileSync(join(GOLDEN, 'weights.json'), 'utf8')) as {
  shape: [number, number];
  cases: { name: string; quantization: Record<string, unknown> }[];
};
const [rows, columns] = shape;
const HALF = rows / 2;
let file: SafetensorsFile;

beforeAll(async () => {
  file = await openSafetensors(join(GOLDEN, 'weights.safetensors'));
});

afterAll(() => file.close());

function parseCase(name: string) {
  const { quantization } = cases.find((one) => one.name === name)!;
  return parseQuantization({ quantization_config: quantization }, {});
}

function sourceOf(name: string) {
  return createWeightSource(partsOfCase(name), shape, parseCase(name));
}

/** The tensors of a case, without those that a conversion only checks. */
function partsOfCase(name: string): Map<TensorRole, StoredTensor> {
  const { redundant } = partsOf(parseCase(name));
  const parts = new Map<TensorRole, StoredTensor>();
  for (const [key, tensor] of file.tensors) {
    const role = key.slice(name.length + 1) as TensorRole;
    if (!key.startsWith(`${name}.`) || key === `${name}.values` || redundant.includes(role)) {
      continue;
    }
    parts.set(role, tensor);
  }
  return parts;
}

function expectedOf(name: string): Float32Array {
  const bytes = new Uint8Array(rows * columns * 4);
  file.tensors.get(`${name}.values`)!.read(bytes, 0);
  return new Float32Array(bytes.buffer);
}

function largestDifference(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
}

/** Encodes a weight into a buffer. */
async function encode(name: string, placement: WeightPlacement): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.alloc(1 << 15);
  const slot: WeightSlot = { tensor: 'x', shape, file: 'x', placement };
  const files = {
    writer: () => (bytes: Uint8Array, position: number) => {
      buffer.set(bytes, position);
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  await encodeWeight(sourceOf(name), [slot], files, () => undefined);
  return buffer;
}

describe('createWeightSource', () => {
  it.each(cases.map(({ name }) => name))('reads %s to the value', (name) => {
    const source = sourceOf(name);
    const actual = new Float32Array(rows * columns);
    for (const start of [0, HALF]) {
      actual.set(source.readRows(start, HALF).values, start * columns);
    }
    const difference = largestDifference(actual, expectedOf(name));
    console.log(`${name}: largest difference ${difference}`);

    expect(difference).toBe(0);
  });

  it('checks the tensors that repeat what is known', () => {
    for (const { name } of cases) {
      for (const role of partsOf(parseCase(name)).redundant) {
        const tensor = file.tensors.get(`${name}.${role}`);
        if (!tensor) continue;
        const check = (size: number[]) => () => {
          checkRedundantTensor(role, tensor, size, parseCase(name));
        };
        expect(check(shape)).not.toThrow();
        expect(check([rows + 8, columns - 16])).toThrow(
          expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
        );
      }
    }
  });
});

describe('encodeWeight', () => {
  const architecture = parseArchitecture(tinyConfig(), {}, []);
  const kept = cases
    .map(({ name }) => name)
    .filter((name) => {
      const quantization = parseCase(name);
      return (
        quantization.kind === 'integers' &&
        quantization.bits === 4 &&
        quantization.groups === 'contiguous'
      );
    });

  it('finds 4-bit weights of every layout', () => {
    expect(kept).toEqual([
      ...['gptq', 'gptq-one-group', 'gptq-asymmetric', 'gptq-v2-asymmetric'],
      ...['awq', 'awq-one-group'],
      ...['w4a16', 'w4a16-channel', 'w4a16-asymmetric', 'w4a16-zero-bytes'],
    ]);
  });

  it.each(kept)('stores %s in the blocks of int4 without change', async (name) => {
    const quantization = parseCase(name);
    const { decoder } = chooseEncodings('int4', { ...architecture, quantization });
    if (decoder.kind !== 'blocks') throw new RangeError('not in blocks');
    const { blockSize } = decoder;
    const blocks = Math.ceil(columns / blockSize);
    const [scales, zeroPoints] = [1 << 13, 1 << 14];
    const buffer = await encode(name, {
      ...{ kind: 'blocks', bits: 4, blockSize, offset: 0, scales },
      zeroPoints: decoder.zeroPoints === 'stored' ? zeroPoints : null,
    });

    const half = (byte: number, index: number) => (byte >> ((index % 2) * 4)) & 15;
    const actual = Float32Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const block = Math.floor(column / blockSize);
      const level = half(buffer[(row * blocks * blockSize + column) >> 1]!, column);
      const points = zeroPoints + row * Math.ceil(blocks / 2);
      const point =
        decoder.zeroPoints === 'stored' ? half(buffer[points + (block >> 1)]!, block) : 8;
      return (level - point) * buffer.readFloatLE(scales + (row * blocks + block) * 4);
    });
    expect(largestDifference(actual, expectedOf(name))).toBe(0);
  });

  it.each(['w8a16', 'w8a8', 'w8a8-tensor'])(
    'stores %s in the rows of int8 without change',
    async (name) => {
      const buffer = await encode(name, { kind: 'int8-rows', offset: 0 });

      const actual = Float32Array.from({ length: rows * columns }, (_, i) => {
        const start = Math.floor(i / columns) * (columns + 4);
        return buffer.readInt8(start + (i % columns)) * buffer.readFloatLE(start + columns);
      });
      expect(largestDifference(actual, expectedOf(name))).toBe(0);
    },
  );
});
