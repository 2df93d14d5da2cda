import type { JsonObject } from '../../package/json-fields.js';
import type { VisionLayout } from '../../package/manifest.js';
import { NEXT_PINPOINTS, ONEVISION_PINPOINTS, type ProcessorClass } from './processor-classes.js';

/** A vision-language class of transformers: its layout, and the defaults of its configuration class. */
export interface LlavaClass {
  readonly modelType: string;
  /** `model_type` of the decoder where the configuration names none. */
  readonly decoder: 'llama' | 'qwen2';
  readonly layout: VisionLayout['kind'];
  /** Whether each of several images is split into a grid, or becomes one tile padded to a square. */
  readonly severalImages: 'as-one' | 'padded';
  /** Whether the model takes videos. */
  readonly videos: 'yes' | 'no';
  /** Image processors whose output the model accepts. The first one is meant where a file names none. */
  readonly imageProcessors: readonly [ProcessorClass, ...ProcessorClass[]];
  readonly defaults: JsonObject;
  /** `vision_config` where config.json has none; its `model_type` also where `vision_config` has none. */
  readonly visionConfig: JsonObject;
}

const CLIP_LARGE = {
  model_type: 'clip_vision_model',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  image_size: 336,
  patch_size: 14,
};

const SIGLIP_SO400M = {
  model_type: 'siglip_vision_model',
  hidden_size: 1152,
  intermediate_size: 4304,
  num_hidden_layers: 26,
  num_attention_heads: 16,
  image_size: 384,
  patch_size: 14,
};

const DEFAULTS = {
  image_token_index: 32000,
  projector_hidden_act: 'gelu',
  multimodal_projector_bias: true,
  vision_feature_layer: -2,
  vision_feature_select_strategy: 'default',
};

/** The supported classes by their name in `architectures`. */
export const LLAVA_CLASSES = {
  LlavaForConditionalGeneration: {
    modelType: 'llava',
    decoder: 'llama',
    layout: 'single-tile',
    severalImages: 'as-one',
    videos: 'no',
    imageProcessors: ['LlavaImageProcessor', 'CLIPImageProcessor', 'SiglipImageProcessor'],
    defaults: DEFAULTS,
    visionConfig: CLIP_LARGE,
  },
  LlavaNextForConditionalGeneration: {
    modelType: 'llava_next',
    decoder: 'llama',
    layout: 'anyres',
    severalImages: 'as-one',
    videos: 'no',
    imageProcessors: ['LlavaNextImageProcessor'],
    defaults: { ...DEFAULTS, image_grid_pinpoints: NEXT_PINPOINTS },
    visionConfig: CLIP_LARGE,
  },
  LlavaOnevisionForConditionalGeneration: {
    modelType: 'llava_onevision',
    decoder: 'qwen2',
    layout: 'anyres',
    severalImages: 'padded',
    videos: 'yes',
    imageProcessors: ['LlavaOnevisionImageProcessor'],
    defaults: {
      ...DEFAULTS,
      image_token_index: 151646,
      video_token_index: 151647,
      vision_feature_layer: -1,
      vision_feature_select_strategy: 'full',
      vision_aspect_ratio: 'anyres_max_9',
      image_grid_pinpoints: ONEVISION_PINPOINTS,
    },
    visionConfig: SIGLIP_SO400M,
  },
} as const satisfies Record<string, LlavaClass>;
