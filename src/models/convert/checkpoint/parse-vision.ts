import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
  findSupported,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { Activation, TowerEmbeddings, VisionArchitecture } from './architecture.js';
import type { LlavaClass } from './llava-classes.js';
import { withDefaults } from './with-defaults.js';

const TOKEN = { min: 0, max: 1 << 24 };
const SIZE = { min: 1, max: 1 << 24 };
const LAYERS = { min: 1, max: 1024 };
const EPSILON = { min: 1e-12, max: 1e-2 };
const MAX_FEATURE_LAYERS = 64;

/** Names of transformers for the activation functions; some functions have two. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_pytorch_tanh: 'gelu_pytorch_tanh',
  gelu_new: 'gelu_pytorch_tanh',
  quick_gelu: 'quick_gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
};

/** A vision encoder of transformers, with the defaults of its configuration class. */
interface Tower {
  readonly embeddings: TowerEmbeddings;
  readonly defaults: JsonObject;
}

const BASE = {
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  num_channels: 3,
  image_size: 224,
};

/** The supported vision encoders by `vision_config.model_type`. SigLIP 2 of a fixed size is `siglip_vision_model`. */
const TOWERS: Readonly<Record<string, Tower>> = {
  siglip_vision_model: {
    embeddings: { classToken: 'absent', patchBias: 'present', norm: 'absent' },
    defaults: { ...BASE, patch_size: 16, hidden_act: 'gelu_pytorch_tanh', layer_norm_eps: 1e-6 },
  },
  clip_vision_model: {
    embeddings: { classToken: 'present', patchBias: 'absent', norm: 'present' },
    defaults: { ...BASE, patch_size: 32, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5 },
  },
};

/**
 * Parses vision encoder and projector in the `config.json` of a LLaVA model. Fields without a value have the default of
 * the configuration class in transformers, which leaves such fields out of the file.
 *
 * @throws MODEL_INVALID
 */
export function parseVision(json: JsonObject, llava: LlavaClass): VisionArchitecture {
  const config = withDefaults(llava.defaults, json);
  const tower = parseTower(config, llava);
  const strategy = checkOneOf(
    config['vision_feature_select_strategy'],
    'vision_feature_select_strategy',
    ['full', 'default'],
  );
  const featuresPerTile = tower.sequenceLength - (strategy === 'default' ? 1 : 0);
  if (llava.layout === 'anyres' && featuresPerTile !== tower.patchesPerSide ** 2) {
    throw invalidModel(
      `vision_feature_select_strategy "${strategy}" selects ${featuresPerTile} features of the ` +
        `${tower.patchesPerSide ** 2} patches of a tile, and ${llava.modelType} needs one per patch. It must be ` +
        `"full" for a vision encoder without a class token, and "default" for one with it`,
    );
  }
  return {
    ...tower,
    featuresPerTile,
    projector: {
      activation: checkActivation(config['projector_hidden_act'], 'projector_hidden_act'),
      bias: checkBoolean(config['multimodal_projector_bias'], 'multimodal_projector_bias')
        ? 'present'
        : 'absent',
    },
    llava,
    tokens: {
      image: parseToken(config, json, 'image'),
      video: llava.videos === 'yes' ? parseToken(config, json, 'video') : null,
    },
  };
}

/** transformers has two names for the token of a placeholder. */
function parseToken(config: JsonObject, json: JsonObject, kind: 'image' | 'video'): number {
  const [older, newer] = [`${kind}_token_index`, `${kind}_token_id`];
  const values = [json[newer], json[older]].filter((value) => (value ?? null) !== null);
  if (new Set(values).size > 1) {
    throw invalidModel(`${newer} and ${older} must be equal; remove the one that is wrong`);
  }
  return checkInteger(values[0] ?? config[older], older, TOKEN);
}

function parseTower(
  config: JsonObject,
  { visionConfig }: LlavaClass,
): Omit<VisionArchitecture, 'featuresPerTile' | 'projector' | 'llava' | 'tokens'> {
  const given = config['vision_config'] ?? null;
  const own = given === null ? visionConfig : checkObject(given, 'vision_config');
  const type = own['model_type'] ?? visionConfig['model_type'];
  const { embeddings, defaults } = findSupported(type, 'vision_config.model_type', TOWERS);
  const json = withDefaults(defaults, own);
  checkOneOf(json['num_channels'], 'vision_config.num_channels', [3]);
  // transformers would apply the final layer norm to the features of the last layer.
  checkOneOf(json['tie_last_hidden_states'] ?? false, 'vision_config.tie_last_hidden_states', [
    false,
  ]);
  const size = (field: string) => checkInteger(json[field], `vision_config.${field}`, SIZE);
  const [hiddenSize, attentionHeads] = [size('hidden_size'), size('num_attention_heads')];
  const [imageSize, patchSize] = [size('image_size'), size('patch_size')];
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
  const layers = json['num_hidden_layers'];
  const featureLayers = parseFeatureLayers(
    config['vision_feature_layer'],
    checkInteger(layers, 'vision_config.num_hidden_layers', LAYERS),
  );
  const patchesPerSide = Math.floor(imageSize / patchSize);
  return {
    embeddings,
    hiddenSize,
    attentionHeads,
    imageSize,
    patchSize,
    patchesPerSide,
    sequenceLength: patchesPerSide ** 2 + (embeddings.classToken === 'present' ? 1 : 0),
    intermediateSize: size('intermediate_size'),
    layers: Math.max(...featureLayers),
    featureLayers,
    activation: checkActivation(json['hidden_act'], 'vision_config.hidden_act'),
    layerNormEpsilon: checkNumber(json['layer_norm_eps'], 'vision_config.layer_norm_eps', EPSILON),
  };
}

/**
 * `hidden_states` of transformers starts with the embeddings, so it has one entry more than there are layers. Negative
 * indexes count from its end.
 */
function parseFeatureLayers(value: unknown, available: number): number[] {
  const label = 'vision_feature_layer';
  const indexes = Array.isArray(value) ? value : [value];
  return checkList(indexes, label, MAX_FEATURE_LAYERS, (item) => {
    const index = checkInteger(item, label, { min: -(available + 1), max: available });
    return index < 0 ? available + 1 + index : index;
  });
}

function checkActivation(value: unknown, label: string): Activation {
  return findSupported(value, label, ACTIVATIONS);
}
