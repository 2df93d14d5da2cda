import { type JsonObject, checkInteger, checkObject, checkOneOf } from '../package/checked-json.js';
import { invalidModel } from '../package/invalid-model.js';
import type { CheckpointQuantization } from './architecture.js';

const LABEL = 'quantization_config';

/** The groups that blocks of a package can be. */
const GROUP_SIZES = [16, 32, 64, 128, 256];

/**
 * Reads `quantization_config`, where a checkpoint has one: GPTQ in four bits, symmetric, in the order of the
 * columns, and fp8 as compressed-tensors, FBGEMM and others write it.
 *
 * @throws MODEL_INVALID for any other kind, by its name.
 */
export function parseQuantization(config: JsonObject, text: JsonObject): CheckpointQuantization {
  const value = config[LABEL] ?? text[LABEL];
  if (value === undefined || value === null) return { kind: 'none' };
  const json = checkObject(value, LABEL);
  const method = checkOneOf(json['quant_method'], `${LABEL}.quant_method`, [
    'gptq',
    'fp8',
    'fbgemm_fp8',
    'compressed-tensors',
  ]);
  if (method === 'gptq') return parseGptq(json);
  if (method === 'compressed-tensors') checkFloatWeights(json);
  else if ((json['weight_block_size'] ?? null) !== null) {
    throw invalidModel(`${LABEL}.weight_block_size is not supported`);
  }
  return { kind: 'fp8' };
}

function parseGptq(json: JsonObject): CheckpointQuantization {
  checkOneOf(json['bits'], `${LABEL}.bits`, [4]);
  checkOneOf(json['sym'] ?? true, `${LABEL}.sym`, [true]);
  checkOneOf(json['desc_act'] ?? false, `${LABEL}.desc_act`, [false]);
  const format = checkOneOf(json['checkpoint_format'] ?? 'gptq', `${LABEL}.checkpoint_format`, [
    'gptq',
    'gptq_v2',
  ]);
  return {
    kind: 'gptq',
    groupSize: checkOneOf(json['group_size'], `${LABEL}.group_size`, GROUP_SIZES),
    zeroPoints: format === 'gptq' ? 'less-one' : 'exact',
  };
}

/** compressed-tensors is a family of formats; a scale a tensor or a row of eight-bit floats is one of them. */
function checkFloatWeights(json: JsonObject): void {
  checkOneOf(json['format'], `${LABEL}.format`, ['float-quantized', 'naive-quantized']);
  for (const group of Object.values(checkObject(json['config_groups'], `${LABEL}.config_groups`))) {
    const label = `${LABEL}.config_groups.weights`;
    const weights = checkObject(checkObject(group, label)['weights'], label);
    checkInteger(weights['num_bits'], `${label}.num_bits`, { min: 8, max: 8 });
    checkOneOf(weights['type'], `${label}.type`, ['float']);
    checkOneOf(weights['symmetric'] ?? true, `${label}.symmetric`, [true]);
    checkOneOf(weights['strategy'], `${label}.strategy`, ['tensor', 'channel']);
  }
}
