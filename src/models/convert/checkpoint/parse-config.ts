import {
  type JsonObject,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
  checkNumber,
} from '../../package/json-fields.js';
import type {
  Architecture,
  DecoderArchitecture,
  Activation,
  VisionArchitecture,
  CheckpointQuantization,
} from './architecture.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { GenerationDefaults, RopeScaling } from '../../package/manifest.js';

const TOKEN = { min: 0, max: 1 << 24 };
const SIZE = { min: 1, max: 1 << 24 };
const LAYERS = { min: 1, max: 1024 };
const EPSILON = { min: 1e-12, max: 1e-2 };
const FACTOR = { min: 1e-6, max: 1e9 };
const POSITIONS = { min: 1, max: 1 << 24 };

const ROPE_LABEL = 'text_config.rope_parameters';
const QUANTIZATION_LABEL = 'quantization_config';

const ACTIVATIONS: readonly Activation[] = ['gelu', 'gelu_pytorch_tanh'];

/** Block sizes of MatMulNBits: GPTQ groups are stored as blocks unchanged. */
const GROUP_SIZES = [16, 32, 64, 128, 256];

const FAMILIES = ['LlavaOnevisionForConditionalGeneration', 'LlamaForCausalLM'] as const;

/**
 * Parses `config.json` and `generation_config.json` (`{}` if missing). transformers omits fields with the default value
 * of the configuration class, so the same defaults are used here. A wrong default would not match the shapes of the
 * weights.
 *
 * @throws MODEL_INVALID if a field is out of range or needs an unsupported feature.
 */
export function parseArchitecture(config: JsonObject, generation: JsonObject): Architecture {
  const [name] = checkList(config['architectures'], 'architectures', 1, (item, label) =>
    checkOneOf(item, label, FAMILIES),
  );
  if (name === 'LlamaForCausalLM') {
    return {
      name,
      vision: null,
      decoder: parseDecoder(config, config),
      quantization: parseQuantization(config, config),
      tokens: parseTokens(config, config, generation),
    };
  }
  checkOneOf(config['model_type'], 'model_type', ['llava_onevision']);
  const text = checkObject(config['text_config'], 'text_config');
  return {
    name: 'LlavaOnevisionForConditionalGeneration',
    vision: parseVision(config),
    decoder: parseDecoder(text, config),
    quantization: parseQuantization(config, text),
    tokens: parseTokens(config, text, generation),
  };
}

function parseTokens(
  config: JsonObject,
  text: JsonObject,
  generation: JsonObject,
): Architecture['tokens'] {
  const eos = generation['eos_token_id'] ?? text['eos_token_id'] ?? config['eos_token_id'];
  const token = (value: unknown, label: string) => checkInteger(value, label, TOKEN);
  // Older configurations use -1 for a missing token.
  const optional = (field: string) => {
    const value = text[field] ?? config[field] ?? generation[field] ?? -1;
    return value === -1 ? null : token(value, field);
  };
  return {
    bos: optional('bos_token_id'),
    eos: checkList(Array.isArray(eos) ? eos : [eos], 'eos_token_id', 64, token),
    pad: optional('pad_token_id'),
  };
}

/**
 * Parses the configuration of a Llama decoder.
 *
 * @param json `text_config`, or all of `config.json` for a text model.
 * @param config all of `config.json`, which may contain `tie_word_embeddings`.
 * @throws MODEL_INVALID
 */
function parseDecoder(json: JsonObject, config: JsonObject): DecoderArchitecture {
  checkOneOf(json['model_type'], 'text_config.model_type', ['llama']);
  checkOneOf(json['hidden_act'] ?? 'silu', 'text_config.hidden_act', ['silu']);
  checkOneOf(json['attention_bias'] ?? false, 'text_config.attention_bias', [false]);
  checkOneOf(json['mlp_bias'] ?? false, 'text_config.mlp_bias', [false]);
  const size = (field: string, fallback: number) =>
    checkInteger(json[field] ?? fallback, `text_config.${field}`, SIZE);
  const hiddenSize = size('hidden_size', 4096);
  const attentionHeads = size('num_attention_heads', 32);
  const keyValueHeads = size('num_key_value_heads', attentionHeads);
  const headDim = size('head_dim', hiddenSize / attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw invalidModel(
      `text_config.num_attention_heads must be a multiple of num_key_value_heads, found ${attentionHeads} and ${keyValueHeads}`,
    );
  }
  // ONNX Runtime's GroupQueryAttention supports no other head sizes.
  if (headDim % 8 !== 0) {
    throw invalidModel(`text_config.head_dim must be a multiple of 8, found ${headDim}`);
  }
  const maxPositions = size('max_position_embeddings', 2048);
  const tied = [json['tie_word_embeddings'], config['tie_word_embeddings']].includes(true);
  return {
    hiddenSize,
    attentionHeads,
    keyValueHeads,
    headDim,
    intermediateSize: size('intermediate_size', 11008),
    layers: checkInteger(json['num_hidden_layers'] ?? 32, 'text_config.num_hidden_layers', LAYERS),
    vocabularySize: size('vocab_size', 32000),
    maxPositions,
    rmsNormEpsilon: checkNumber(json['rms_norm_eps'] ?? 1e-6, 'text_config.rms_norm_eps', EPSILON),
    ...parseRope(json, maxPositions),
    outputHead: tied ? 'embeddings' : 'own',
  };
}

/**
 * Parses the RoPE parameters: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (transformers 4).
 * Defaults as in `modeling_rope_utils.py` of transformers 5.
 *
 * @throws MODEL_INVALID if a field is out of range or the type is not supported.
 */
export function parseRope(
  json: JsonObject,
  maxPositions: number,
): { ropeTheta: number; ropeScaling: RopeScaling | null } {
  const parameters = checkObject(json['rope_parameters'] ?? json['rope_scaling'] ?? {}, ROPE_LABEL);
  const theta = parameters['rope_theta'] ?? json['rope_theta'] ?? 10000;
  const rotated = parameters['partial_rotary_factor'] ?? json['partial_rotary_factor'] ?? 1;
  checkOneOf(rotated, `${ROPE_LABEL}.partial_rotary_factor`, [1]);
  return {
    ropeTheta: checkNumber(theta, `${ROPE_LABEL}.rope_theta`, FACTOR),
    ropeScaling: parseScaling(parameters, json, maxPositions),
  };
}

function parseScaling(
  parameters: JsonObject,
  json: JsonObject,
  maxPositions: number,
): RopeScaling | null {
  const type = checkOneOf(
    parameters['rope_type'] ?? parameters['type'] ?? 'default',
    `${ROPE_LABEL}.rope_type`,
    ['default', 'linear', 'llama3', 'yarn'],
  );
  const number = (field: string, fallback?: number) =>
    checkNumber(parameters[field] ?? fallback, `${ROPE_LABEL}.${field}`, FACTOR);
  const field = 'original_max_position_embeddings';
  const trained = json[field] ?? parameters[field] ?? maxPositions;
  const originalMaxPositions = checkInteger(trained, `${ROPE_LABEL}.${field}`, POSITIONS);
  switch (type) {
    case 'default':
      return null;
    case 'linear':
      return { type, factor: number('factor') };
    case 'llama3':
      return {
        type,
        factor: number('factor'),
        lowFreqFactor: number('low_freq_factor'),
        highFreqFactor: number('high_freq_factor'),
        originalMaxPositions,
      };
    case 'yarn': {
      const factor = number('factor', maxPositions / originalMaxPositions);
      return {
        type,
        factor,
        originalMaxPositions,
        attentionFactor: number('attention_factor', attentionFactor(factor, parameters)),
        betaFast: number('beta_fast', 32),
        betaSlow: number('beta_slow', 1),
        truncate: checkOneOf(parameters['truncate'] ?? true, `${ROPE_LABEL}.truncate`, [
          true,
          false,
        ]),
      };
    }
  }
}

/** Default of the YaRN paper, https://arxiv.org/abs/2309.00071; `mscale` is an extension by DeepSeek. */
function attentionFactor(factor: number, parameters: JsonObject): number {
  const magnitude = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [mscale, mscaleAllDim] = [parameters['mscale'], parameters['mscale_all_dim']];
  if (!mscale || !mscaleAllDim) return magnitude(1);
  const check = (value: unknown) => checkNumber(value, `${ROPE_LABEL}.mscale`, FACTOR);
  return magnitude(check(mscale)) / magnitude(check(mscaleAllDim));
}

/** Parses vision encoder and projector in the `config.json` of a LLaVA-OneVision model. @throws MODEL_INVALID */
function parseVision(config: JsonObject): VisionArchitecture {
  const strategy = config['vision_feature_select_strategy'] ?? 'full';
  checkOneOf(strategy, 'vision_feature_select_strategy', ['full']);
  const bias = checkOneOf(
    config['multimodal_projector_bias'] ?? true,
    'multimodal_projector_bias',
    [true, false],
  );
  const activation = config['projector_hidden_act'] ?? 'gelu';
  const token = (kind: 'image' | 'video') =>
    checkInteger(
      config[`${kind}_token_id`] ?? config[`${kind}_token_index`],
      `${kind}_token_index`,
      TOKEN,
    );
  return {
    ...parseVisionEncoder(
      checkObject(config['vision_config'], 'vision_config'),
      config['vision_feature_layer'] ?? -1,
    ),
    projector: {
      activation: checkOneOf(activation, 'projector_hidden_act', ACTIVATIONS),
      bias: bias ? 'present' : 'absent',
    },
    tokens: { image: token('image'), video: token('video') },
  };
}

function parseVisionEncoder(
  json: JsonObject,
  featureLayer: unknown,
): Omit<VisionArchitecture, 'projector' | 'tokens'> {
  checkOneOf(json['model_type'], 'vision_config.model_type', ['siglip_vision_model']);
  checkOneOf(json['num_channels'] ?? 3, 'vision_config.num_channels', [3]);
  const size = (field: string, fallback: number) =>
    checkInteger(json[field] ?? fallback, `vision_config.${field}`, SIZE);
  const available = checkInteger(
    json['num_hidden_layers'] ?? 12,
    'vision_config.num_hidden_layers',
    LAYERS,
  );
  // `hidden_states` of transformers starts with the embeddings, so it has one entry more than there are layers.
  const index = checkInteger(featureLayer, 'vision_feature_layer', {
    min: -(available + 1),
    max: available,
  });
  const [hiddenSize, attentionHeads] = [size('hidden_size', 768), size('num_attention_heads', 12)];
  const [imageSize, patchSize] = [size('image_size', 224), size('patch_size', 16)];
  if (hiddenSize % attentionHeads !== 0) {
    throw invalidModel(
      `vision_config.hidden_size must be a multiple of num_attention_heads, found ${hiddenSize} and ${attentionHeads}`,
    );
  }
  if (patchSize > imageSize) {
    throw invalidModel(
      `vision_config.patch_size must not exceed image_size, found ${patchSize} and ${imageSize}`,
    );
  }
  return {
    hiddenSize,
    attentionHeads,
    imageSize,
    patchSize,
    patchesPerSide: Math.floor(imageSize / patchSize),
    intermediateSize: size('intermediate_size', 3072),
    layers: index < 0 ? available + 1 + index : index,
    activation: checkOneOf(
      json['hidden_act'] ?? 'gelu_pytorch_tanh',
      'vision_config.hidden_act',
      ACTIVATIONS,
    ),
    layerNormEpsilon: checkNumber(
      json['layer_norm_eps'] ?? 1e-6,
      'vision_config.layer_norm_eps',
      EPSILON,
    ),
  };
}

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

/** Parses the sampling defaults of `generation_config.json`. @throws MODEL_INVALID */
export function parseGenerationDefaults(json: JsonObject): GenerationDefaults {
  const number = (field: string, min: number, max: number): number | undefined =>
    json[field] === undefined || json[field] === null
      ? undefined
      : checkNumber(json[field], field, { min, max });
  const defaults = {
    temperature: number('temperature', 0, 100),
    topP: number('top_p', 0, 1),
    topK: number('top_k', 0, 1 << 24),
    repetitionPenalty: number('repetition_penalty', 0.01, 100),
    doSample:
      json['do_sample'] === undefined
        ? undefined
        : checkOneOf(json['do_sample'], 'do_sample', [true, false]),
  };
  // JSON drops undefined fields, and the manifest must equal its parsed JSON.
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined));
}
