import { checkObject, checkOneOf } from './json-fields.js';
import type { WeightEncoding } from './manifest.js';

/** Block sizes that MatMulNBits supports. */
const BLOCK_SIZES = [16, 32, 64, 128, 256] as const;

/** Parses a weight encoding of a manifest. @throws MODEL_INVALID */
export function parseEncoding(value: unknown, label: string): WeightEncoding {
  const json = checkObject(value, label);
  const kind = checkOneOf(json['kind'], `${label}.kind`, ['float32', 'int8-rows', 'blocks']);
  if (kind !== 'blocks') return { kind };
  return {
    kind,
    bits: checkOneOf(json['bits'], `${label}.bits`, [4, 8]),
    blockSize: checkOneOf(json['blockSize'], `${label}.blockSize`, BLOCK_SIZES),
    zeroPoints: checkOneOf(json['zeroPoints'], `${label}.zeroPoints`, ['middle', 'stored']),
    accuracyLevel: checkOneOf(json['accuracyLevel'], `${label}.accuracyLevel`, [4]),
  };
}
