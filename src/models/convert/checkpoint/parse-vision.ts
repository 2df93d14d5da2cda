import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkOneOf,
  checkNumber,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { Activation, VisionArchitecture } from './architecture.js';

const TOKEN = { min: 0, max: 1 << 24 };
const SIZE = { min: 1, max: 1 << 24 };
const LAYERS = { min: 1, max: 1024 };
const EPSILON = { min: 1e-12, max: 1e-2 };

const ACTIVATIONS: readonly Activation[] = ['gelu', 'gelu_pytorch_tanh'];

/** Parses vision encoder and projector in the `config.json` of a LLaVA-OneVision model. @throws MODEL_INVALID */
export function parseVision(config: JsonObject): VisionArchitecture {
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
