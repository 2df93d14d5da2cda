import type { JsonObject } from '../model-store/checked-json.js';
import {
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
} from '../model-store/checked-json.js';
import { invalidModel } from '../model-store/invalid-model.js';
import type { RopeScaling } from '../model-store/manifest.js';
import type {
  Activation,
  Architecture,
  DecoderArchitecture,
  VisionArchitecture,
} from './architecture.js';

const SIZE = { min: 1, max: 1 << 24 };
const LAYERS = { min: 1, max: 1024 };
const TOKEN = { min: 0, max: SIZE.max };
const EPSILON = { min: 1e-12, max: 1e-2 };
const FACTOR = { min: 1e-6, max: 1e9 };
const ACTIVATIONS: readonly Activation[] = ['gelu', 'gelu_pytorch_tanh'];

/**
 * Reads `config.json` and `generation_config.json` (an empty object where there is none). transformers leaves
 * fields out that equal their class's default, so those defaults stand in; a wrong guess shows in the
 * shapes of the weights.
 *
 * @throws MODEL_INVALID when a field is out of range or asks for something the graphs do not do.
 */
export function parseArchitecture(config: JsonObject, generation: JsonObject): Architecture {
  const name = checkList(config['architectures'], 'architectures', 1, (item, label) =>
    checkOneOf(item, label, ['LlavaOnevisionForConditionalGeneration']),
  ).join();
  checkOneOf(config['model_type'], 'model_type', ['llava_onevision']);
  checkOneOf(config['vision_feature_select_strategy'] ?? 'full', 'vision_feature_select_strategy', [
    'full',
  ]);
  const projectorBias = checkOneOf(
    config['multimodal_projector_bias'] ?? true,
    'multimodal_projector_bias',
    [true, false],
  );
  const text = checkObject(config['text_config'], 'text_config');
  return {
    name,
    vision: parseVision(
      checkObject(config['vision_config'], 'vision_config'),
      config['vision_feature_layer'] ?? -1,
    ),
    projector: {
      activation: checkOneOf(
        config['projector_hidden_act'] ?? 'gelu',
        'projector_hidden_act',
        ACTIVATIONS,
      ),
      bias: projectorBias ? 'present' : 'absent',
    },
    decoder: parseDecoder(text, config),
    tokens: parseTokens(config, text, generation),
  };
}

function parseVision(json: JsonObject, featureLayer: unknown): VisionArchitecture {
  checkOneOf(json['model_type'], 'vision_config.model_type', ['siglip_vision_model']);
  checkOneOf(json['num_channels'] ?? 3, 'vision_config.num_channels', [3]);
  const size = (field: string, fallback: number) =>
    checkInteger(json[field] ?? fallback, `vision_config.${field}`, SIZE);
  const available = checkInteger(
    json['num_hidden_layers'] ?? 12,
    'vision_config.num_hidden_layers',
    LAYERS,
  );
  // The list of features starts with the embeddings, so it is one longer than the list of layers.
  const index = checkInteger(featureLayer, 'vision_feature_layer', {
    min: -(available + 1),
    max: available,
  });
  const [hiddenSize, attentionHeads] = [size('hidden_size', 768), size('num_attention_heads', 12)];
  const [imageSize, patchSize] = [size('image_size', 224), size('patch_size', 16)];
  if (hiddenSize % attentionHeads !== 0) {
    throw invalidModel('vision_config.hidden_size is no multiple of num_attention_heads');
  }
  if (patchSize > imageSize) throw invalidModel('vision_config.patch_size is above image_size');
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
    throw invalidModel('text_config.num_attention_heads is no multiple of num_key_value_heads');
  }
  if (headDim % 2 !== 0) throw invalidModel('text_config.head_dim must be even');
  const tied = [json['tie_word_embeddings'], config['tie_word_embeddings']].includes(true);
  return {
    hiddenSize,
    attentionHeads,
    keyValueHeads,
    headDim,
    intermediateSize: size('intermediate_size', 11008),
    layers: checkInteger(json['num_hidden_layers'] ?? 32, 'text_config.num_hidden_layers', LAYERS),
    vocabularySize: size('vocab_size', 32000),
    maxPositions: size('max_position_embeddings', 2048),
    rmsNormEpsilon: checkNumber(json['rms_norm_eps'] ?? 1e-6, 'text_config.rms_norm_eps', EPSILON),
    ...parseRope(json),
    outputHead: tied ? 'embeddings' : 'own',
  };
}

/** transformers 5 keeps `rope_parameters`; 4 kept `rope_theta` and `rope_scaling` apart. */
function parseRope(json: JsonObject): { ropeTheta: number; ropeScaling: RopeScaling | null } {
  const label = 'text_config.rope_parameters';
  const parameters = checkObject(json['rope_parameters'] ?? json['rope_scaling'] ?? {}, label);
  const theta = parameters['rope_theta'] ?? json['rope_theta'] ?? 10000;
  const kind = parameters['rope_type'] ?? parameters['type'] ?? 'default';
  const type = checkOneOf(kind, `${label}.rope_type`, ['default', 'linear']);
  return {
    ropeTheta: checkNumber(theta, `${label}.rope_theta`, FACTOR),
    ropeScaling:
      type === 'default'
        ? null
        : { type, factor: checkNumber(parameters['factor'], `${label}.factor`, FACTOR) },
  };
}

function parseTokens(
  config: JsonObject,
  text: JsonObject,
  generation: JsonObject,
): Architecture['tokens'] {
  const eos = generation['eos_token_id'] ?? text['eos_token_id'] ?? config['eos_token_id'];
  const token = (value: unknown, label: string) => checkInteger(value, label, TOKEN);
  // Older configurations say -1 for a token that does not exist.
  const optional = (field: string) => {
    const value = text[field] ?? config[field] ?? generation[field] ?? -1;
    return value === -1 ? null : token(value, field);
  };
  return {
    bos: optional('bos_token_id'),
    eos: checkList(Array.isArray(eos) ? eos : [eos], 'eos_token_id', 64, token),
    pad: optional('pad_token_id'),
    image: token(config['image_token_id'] ?? config['image_token_index'], 'image_token_index'),
    video: token(config['video_token_id'] ?? config['video_token_index'], 'video_token_index'),
  };
}
