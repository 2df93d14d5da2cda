import { checkObject, checkOneOf } from './checked-json.js';
import type { WeightEncoding } from './manifest.js';

/** What MatMulNBits has kernels for. */
const BLOCK_SIZES = [16, 32, 64, 128, 256] as const;

/** @throws MODEL_INVALID unless the value says how a matrix is stored. */
export function parseEncoding(value: unknown, label: string): WeightEncoding {
  const json = checkObject(value, label);
  const kind = checkOneOf(json['kind'], `${label}.kind`, ['float32', 'int8-rows', 'blocks']);
  if (kind !== 'blocks') return { kind };
  return {
    kind,
    bits: checkOneOf(json['bits'], `${label}.bits`, [4, 8]),
    blockSize: checkOneOf(json['blockSize'], `${label}.blockSize`, BLOCK_SIZES),
    accuracyLevel: checkOneOf(json['accuracyLevel'], `${label}.accuracyLevel`, [4]),
  };
}
