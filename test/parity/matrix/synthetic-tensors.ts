import { numberToFloat16 } from '../../bench/peers/float16-bits.js';
import { PERIOD, phaseOf, ringValue } from '../../hub/synthetic-values.js';
import type { RawTensor } from '../../tiny-model/tiny-checkpoint.js';

/** How a tensor's values follow from its name; see synthetic_tensors.py, which computes the same. */
export type TensorRule =
  | readonly ['normal', centre: number, scale: number]
  | readonly ['bits', mask: number]
  | readonly ['constant', word: number]
  | readonly ['fp8']
  | readonly ['range', group: number]
  | readonly ['shuffled', group: number, factor: number]
  | readonly ['values', ...values: number[]];

/** Name in the file, dtype, shape, rule. */
export type TensorDescription = readonly [
  name: string,
  dtype: string,
  shape: readonly number[],
  rule: TensorRule,
];

const { imul } = Math;

/** The tensor as a safetensors file stores it. */
export function createSyntheticTensor(
  [name, dtype, shape, rule]: TensorDescription,
  seed: number,
): RawTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const start = phaseOf(`${seed} ${name}`);
  return { dtype, shape, bytes: bytesOf(dtype, rule, start, count) };
}

function bytesOf(dtype: string, rule: TensorRule, start: number, count: number): Uint8Array {
  const words = (valueAt: (index: number) => number) =>
    bytesIn(Int32Array.from({ length: count }, (_, i) => valueAt(i)));
  switch (rule[0]) {
    case 'normal':
      return floatBytes(dtype, rule, start, count);
    case 'bits':
      return words((i) => hashOf((start + i) % PERIOD) & rule[1]);
    case 'constant':
      return words(() => rule[1] | 0);
    case 'fp8':
      return Uint8Array.from({ length: count }, (_, i) => {
        const bits = hashOf((start + i) % PERIOD);
        return (bits & 0x87) | ((6 + ((bits >>> 3) & 3)) << 3);
      });
    case 'range':
      return words((i) => Math.floor(i / rule[1]));
    case 'shuffled':
      return words((i) => Math.floor(((i * rule[2]) % count) / rule[1]));
    case 'values':
      return bytesIn(BigInt64Array.from(rule.slice(1) as number[], BigInt));
  }
}

function floatBytes(
  dtype: string,
  [, centre, scale]: readonly ['normal', number, number],
  start: number,
  count: number,
): Uint8Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = centre + scale * ringValue((start + i) % PERIOD);
  switch (dtype) {
    case 'F32':
      return bytesIn(values);
    case 'F16':
      return bytesIn(Uint16Array.from(values, numberToFloat16));
    case 'BF16': {
      const bits = new Uint32Array(values.buffer);
      // Rounds to the nearest, ties to even.
      return bytesIn(
        Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16),
      );
    }
    default:
      throw new RangeError(`The rule "normal" has no values of the dtype ${dtype}.`);
  }
}

/** 32 bits, unrelated to those of `ringValue`. */
function hashOf(index: number): number {
  let hash = (imul(index, 2246822519) + 374761393) >>> 0;
  hash = imul(hash ^ (hash >>> 15), 2654435761);
  hash = imul(hash ^ (hash >>> 13), 3266489917);
  return hash ^ (hash >>> 16);
}

function bytesIn(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
