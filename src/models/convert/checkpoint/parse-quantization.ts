import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkOneOf,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { CheckpointQuantization } from './architecture.js';

const QUANTIZATION_LABEL = 'quantization_config';

/** Block sizes of MatMulNBits: GPTQ groups are stored as blocks unchanged. */
const GROUP_SIZES = [16, 32, 64, 128, 256];

/**
 * Parses `quantization_config`. Supported: GPTQ (4 bits, symmetric, no act-order) and fp8 weights (compressed-tensors,
 * FBGEMM, `fp8`) with a scale per tensor or row.
 *
 * @throws MODEL_INVALID for other methods.
 */
export function parseQuantization(config: JsonObject, text: JsonObject): CheckpointQuantization {
  const value = config[QUANTIZATION_LABEL] ?? text[QUANTIZATION_LABEL];
  if (value === undefined || value === null) return { kind: 'none' };
  const json = checkObject(value, QUANTIZATION_LABEL);
  const method = checkOneOf(json['quant_method'], `${QUANTIZATION_LABEL}.quant_method`, [
    'gptq',
    'fp8',
    'fbgemm_fp8',
    'compressed-tensors',
  ]);
  if (method === 'gptq') return parseGptq(json);
  if (method === 'compressed-tensors') checkFloatWeights(json);
  else if ((json['weight_block_size'] ?? null) !== null) {
    throw invalidModel(`${QUANTIZATION_LABEL}.weight_block_size is not supported, it must be null`);
  }
  return { kind: 'fp8' };
}

function parseGptq(json: JsonObject): CheckpointQuantization {
  checkOneOf(json['bits'], `${QUANTIZATION_LABEL}.bits`, [4]);
  checkOneOf(json['sym'] ?? true, `${QUANTIZATION_LABEL}.sym`, [true]);
  checkOneOf(json['desc_act'] ?? false, `${QUANTIZATION_LABEL}.desc_act`, [false]);
  const format = checkOneOf(
    json['checkpoint_format'] ?? 'gptq',
    `${QUANTIZATION_LABEL}.checkpoint_format`,
    ['gptq', 'gptq_v2'],
  );
  return {
    kind: 'gptq',
    groupSize: checkOneOf(json['group_size'], `${QUANTIZATION_LABEL}.group_size`, GROUP_SIZES),
    zeroPoints: format === 'gptq' ? 'less-one' : 'exact',
  };
}

/** The only supported compressed-tensors format is fp8 with a scale per tensor or row (`channel`). */
function checkFloatWeights(json: JsonObject): void {
  checkOneOf(json['format'], `${QUANTIZATION_LABEL}.format`, [
    'float-quantized',
    'naive-quantized',
  ]);
  for (const group of Object.values(
    checkObject(json['config_groups'], `${QUANTIZATION_LABEL}.config_groups`),
  )) {
    const label = `${QUANTIZATION_LABEL}.config_groups.weights`;
    const weights = checkObject(checkObject(group, label)['weights'], label);
    checkInteger(weights['num_bits'], `${label}.num_bits`, { min: 8, max: 8 });
    checkOneOf(weights['type'], `${label}.type`, ['float']);
    checkOneOf(weights['symmetric'] ?? true, `${label}.symmetric`, [true]);
    checkOneOf(weights['strategy'], `${label}.strategy`, ['tensor', 'channel']);
  }
}
