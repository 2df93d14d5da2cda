import { invalidModel, withRemedy } from '../../package/invalid-model.js';
import {
  type JsonObject,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
} from '../../package/json-fields.js';
import type { CheckpointQuantization, IntegerQuantization } from './architecture.js';

const LABEL = 'quantization_config';
const REMEDY =
  'Use the unquantized checkpoint: the conversion quantizes it itself, for example with --precision int4';

const BITS = [4, 8] as const;
const GROUP_SIZE = { min: 1, max: 1 << 20 };

/** Parsers by `quant_method`. */
const METHODS = {
  awq: parseAwq,
  'compressed-tensors': parseCompressedTensors,
  fbgemm_fp8: parseFp8,
  fp8: parseFp8,
  gptq: parseGptq,
};

const METHOD_NAMES = Object.keys(METHODS) as (keyof typeof METHODS)[];

/**
 * Parses `quantization_config`. Fields and defaults are those of `utils/quantization_config.py` in transformers and of
 * the library compressed-tensors.
 *
 * @param text `text_config`, which contains it in some checkpoints.
 * @throws MODEL_INVALID for a method or setting that the conversion does not support.
 */
export function parseQuantization(config: JsonObject, text: JsonObject): CheckpointQuantization {
  const value = [config, text]
    .flatMap((json) => [json[LABEL], json['compression_config']])
    .find((item) => item !== undefined && item !== null);
  if (value === undefined) return { kind: 'none' };
  return withRemedy(REMEDY, () => {
    const json = checkObject(value, LABEL);
    const method = checkOneOf(json['quant_method'], `${LABEL}.quant_method`, METHOD_NAMES);
    return METHODS[method](json);
  });
}

/** Format of AutoAWQ: https://github.com/casper-hansen/AutoAWQ. Every group has a zero point. */
function parseAwq(json: JsonObject): IntegerQuantization {
  checkOneOf(json['version'] ?? json['format'] ?? 'gemm', `${LABEL}.version`, ['gemm', 'GEMM']);
  // The exporter llm-awq packs rows in another order.
  if (json['backend'] === 'llm-awq') {
    throw invalidModel(`${LABEL}.backend must be autoawq, found "llm-awq"`);
  }
  checkOneOf(json['bits'] ?? json['w_bit'] ?? 4, `${LABEL}.bits`, [4]);
  return {
    kind: 'integers',
    layout: 'awq',
    bits: 4,
    groupSize: parseGroupSize(json['group_size'] ?? json['q_group_size'] ?? 128),
    zeroPoints: 'stored',
    groups: 'contiguous',
  };
}

/** Formats of AutoGPTQ and GPTQModel: https://github.com/ModelCloud/GPTQModel. */
function parseGptq(json: JsonObject): IntegerQuantization {
  const format = checkOneOf(
    json['checkpoint_format'] ?? json['format'] ?? 'gptq',
    `${LABEL}.checkpoint_format`,
    ['gptq', 'gptq_v2'],
  );
  const isSymmetric = checkOneOf(json['sym'] ?? true, `${LABEL}.sym`, [true, false]);
  const isOrdered = checkOneOf(json['desc_act'] ?? false, `${LABEL}.desc_act`, [true, false]);
  checkOneOf(json['is_marlin_format'] ?? false, `${LABEL}.is_marlin_format`, [false]);
  checkOneOf(json['pack_dtype'] ?? 'int32', `${LABEL}.pack_dtype`, ['int32']);
  checkOverrides(json['dynamic']);
  return {
    kind: 'integers',
    layout: format === 'gptq' ? 'gptq' : 'gptq-v2',
    bits: checkOneOf(json['bits'], `${LABEL}.bits`, BITS),
    groupSize: parseGroupSize(json['group_size'] ?? 128),
    zeroPoints: isSymmetric ? 'middle' : 'stored',
    groups: isOrdered ? 'listed' : 'contiguous',
  };
}

/** `dynamic` of GPTQModel: settings by a pattern of module names. `-:` excludes modules, which needs no check. */
function checkOverrides(value: unknown): void {
  if (value === undefined || value === null) return;
  const other = Object.keys(checkObject(value, `${LABEL}.dynamic`)).find(
    (pattern) => !pattern.startsWith('-:'),
  );
  if (other !== undefined) {
    throw invalidModel(`${LABEL}.dynamic must not change the settings of single modules`);
  }
}

/** `fp8` and `fbgemm_fp8` of transformers. */
function parseFp8(json: JsonObject): CheckpointQuantization {
  return { kind: 'fp8', block: parseBlock(json['weight_block_size'], 'weight_block_size') };
}

/** Formats of compressed-tensors: https://github.com/vllm-project/compressed-tensors. */
const FORMATS = ['pack-quantized', 'int-quantized', 'float-quantized', 'naive-quantized'] as const;

/** Number types of the weights by format. */
const TYPES: Readonly<Record<(typeof FORMATS)[number], readonly ('int' | 'float')[]>> = {
  'pack-quantized': ['int'],
  'int-quantized': ['int'],
  'float-quantized': ['float'],
  'naive-quantized': ['int', 'float'],
};

function parseCompressedTensors(json: JsonObject): CheckpointQuantization {
  const format = checkOneOf(json['format'], `${LABEL}.format`, FORMATS);
  const sparsity = checkObject(json['sparsity_config'] ?? {}, `${LABEL}.sparsity_config`);
  checkOneOf(sparsity['format'] ?? 'dense', `${LABEL}.sparsity_config.format`, ['dense']);
  checkTransforms(json['transform_config']);
  const groups = checkObject(json['config_groups'], `${LABEL}.config_groups`);
  const schemes = Object.values(groups).map((group) => parseScheme(group, format));
  const [first, ...others] = schemes;
  if (!first) throw invalidModel(`${LABEL}.config_groups must not be empty`);
  if (others.some((scheme) => JSON.stringify(scheme) !== JSON.stringify(first))) {
    throw invalidModel(`${LABEL}.config_groups must have the same weights settings in all groups`);
  }
  return first;
}

/** Weights that are rotated at run time need operations that the graphs do not have. */
function checkTransforms(value: unknown): void {
  const label = `${LABEL}.transform_config`;
  const groups = checkObject(value ?? {}, label)['config_groups'] ?? {};
  if (Object.keys(checkObject(groups, `${label}.config_groups`)).length > 0) {
    throw invalidModel(`${label}.config_groups must be empty`);
  }
}

function parseScheme(value: unknown, format: (typeof FORMATS)[number]): CheckpointQuantization {
  const group = checkObject(value, `${LABEL}.config_groups`);
  checkOneOf(group['format'] ?? format, `${LABEL}.config_groups.format`, [format]);
  const label = `${LABEL}.config_groups.weights`;
  const weights = checkObject(group['weights'], label);
  const type = checkOneOf(weights['type'] ?? 'int', `${label}.type`, TYPES[format]);
  const symmetric = weights['symmetric'] ?? true;
  if (type === 'float') {
    checkOneOf(weights['num_bits'], `${label}.num_bits`, [8]);
    checkOneOf(symmetric, `${label}.symmetric`, [true]);
    checkOneOf(weights['strategy'], `${label}.strategy`, ['tensor', 'channel', 'block']);
    return { kind: 'fp8', block: parseBlock(weights['block_structure'], 'block_structure') };
  }
  const strategy = checkOneOf(weights['strategy'], `${label}.strategy`, [
    ...['tensor', 'channel', 'group'],
  ]);
  const isPacked = format === 'pack-quantized';
  return {
    kind: 'integers',
    layout: isPacked ? 'packed' : 'bytes',
    bits: checkOneOf(weights['num_bits'], `${label}.num_bits`, isPacked ? BITS : [8]),
    groupSize: strategy === 'group' ? parseGroupSize(weights['group_size']) : null,
    zeroPoints: checkOneOf(symmetric, `${label}.symmetric`, [true, false]) ? 'middle' : 'stored',
    groups: isListed(weights['actorder'] ?? null, `${label}.actorder`) ? 'listed' : 'contiguous',
  };
}

/** Whether `weight_g_idx` lists the groups. `weight` and `static` only concern the calibration. */
function isListed(order: unknown, label: string): boolean {
  if (order === null) return false;
  const listed = [true, 'group', 'dynamic'];
  return listed.includes(checkOneOf(order, label, [false, 'weight', 'static', ...listed]));
}

/** @returns `null` for -1, one group per row. */
function parseGroupSize(value: unknown): number | null {
  return value === -1 ? null : checkInteger(value, `${LABEL}.group_size`, GROUP_SIZE);
}

function parseBlock(value: unknown, field: string): readonly [number, number] | null {
  if (value === undefined || value === null) return null;
  const label = `${LABEL}.${field}`;
  const sizes = checkList(value, label, 2, (item) => checkInteger(item, label, GROUP_SIZE));
  const [rows, columns] = sizes;
  if (rows === undefined || columns === undefined) {
    throw invalidModel(`${label} must have two numbers, found 1`);
  }
  return [rows, columns];
}
