import { type CheckpointShape, embeddingRows } from './synthetic-shapes.js';
import type { AppendedTokens } from './synthetic-tokenizer.js';

/** ChatML. With a vision encoder, the images and videos of a message precede its text. */
const SEEING_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}" +
  "{% if message['content'] is string %}{{ message['content'] }}{% else %}" +
  "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor %}" +
  "{% for part in message['content'] if part['type'] == 'video' %}{{ '<video>\\n' }}{% endfor %}" +
  "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}" +
  "{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const TEXT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Class names in transformers. */
const LAYOUTS = {
  llava_onevision: {
    architecture: 'LlavaOnevisionForConditionalGeneration',
    processor: 'LlavaOnevisionProcessor',
    imageProcessor: 'LlavaOnevisionImageProcessor',
  },
  llava: {
    architecture: 'LlavaForConditionalGeneration',
    processor: 'LlavaProcessor',
    imageProcessor: 'SiglipImageProcessor',
  },
} as const satisfies Record<CheckpointShape['layout'], object>;
const TEXT_ARCHITECTURES = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
} as const satisfies Record<CheckpointShape['decoder']['family'], string>;

const SHORT_SIDES = 6;
const NORMALISATION = {
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
  resample: 3,
  rescale_factor: 1 / 255,
};

/** The image and video tokens of a vision-language model: the first two ids after the vocabulary. */
export function appendedTokens({ pieces, vision }: CheckpointShape): AppendedTokens | null {
  return vision && { image: pieces, video: pieces + 1 };
}

/** The JSON files and the model card of a checkpoint by name, as transformers 4 writes them. */
export function createSmallFiles(shape: CheckpointShape): Record<string, string> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const appended = appendedTokens(shape);
  return {
    'README.md': '---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\n# Synthetic\n',
    'config.json': json(createConfig(shape)),
    'generation_config.json': json({
      _from_model_config: true,
      bos_token_id: 1,
      do_sample: true,
      eos_token_id: [2, 5],
      repetition_penalty: 1.2,
      temperature: 0.6,
    }),
    'tokenizer_config.json': json({
      add_bos_token: true,
      add_eos_token: false,
      add_prefix_space: true,
      bos_token: '<s>',
      clean_up_tokenization_spaces: false,
      eos_token: '</s>',
      legacy: true,
      model_max_length: shape.decoder.positions,
      pad_token: '<pad>',
      tokenizer_class: 'LlamaTokenizer',
      unk_token: '<unk>',
      ...(appended ? {} : { chat_template: TEXT_TEMPLATE }),
    }),
    ...(shape.vision && {
      'chat_template.json': json({ chat_template: SEEING_TEMPLATE }),
      'preprocessor_config.json': json({
        do_convert_rgb: true,
        do_normalize: true,
        do_pad: true,
        do_rescale: true,
        do_resize: true,
        ...(shape.layout === 'llava'
          ? {}
          : { image_grid_pinpoints: pinpoints(shape.vision.image) }),
        image_processor_type: LAYOUTS[shape.layout].imageProcessor,
        ...NORMALISATION,
        size: { height: shape.vision.image, width: shape.vision.image },
      }),
      'processor_config.json': json({
        num_image_tokens: Math.floor(shape.vision.image / shape.vision.patch) ** 2,
        processor_class: LAYOUTS[shape.layout].processor,
        vision_feature_select_strategy: 'full',
      }),
    }),
  };
}

function createConfig(shape: CheckpointShape): Record<string, unknown> {
  const { vision } = shape;
  const tokens = appendedTokens(shape);
  if (!vision || !tokens) {
    return { architectures: [TEXT_ARCHITECTURES[shape.decoder.family]], ...decoderConfig(shape) };
  }
  return {
    architectures: [LAYOUTS[shape.layout].architecture],
    image_grid_pinpoints: pinpoints(vision.image),
    image_token_index: tokens.image,
    model_type: shape.layout,
    projector_hidden_act: 'gelu',
    text_config: decoderConfig(shape),
    tie_word_embeddings: isTied(shape),
    torch_dtype: 'bfloat16',
    transformers_version: '4.46.0',
    use_image_newline_parameter: true,
    video_token_index: tokens.video,
    vision_aspect_ratio: 'anyres_max_9',
    vision_config: {
      hidden_size: vision.hidden,
      image_size: vision.image,
      intermediate_size: vision.wide,
      model_type: 'siglip_vision_model',
      num_attention_heads: vision.heads,
      num_hidden_layers: vision.layers,
      patch_size: vision.patch,
      vision_use_head: false,
    },
    vision_feature_layer: -1,
    vision_feature_select_strategy: 'full',
  };
}

function decoderConfig(shape: CheckpointShape): Record<string, unknown> {
  const { decoder } = shape;
  return {
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: 1,
    eos_token_id: 2,
    head_dim: decoder.headDim,
    hidden_act: 'silu',
    hidden_size: decoder.hidden,
    initializer_range: 0.02,
    intermediate_size: decoder.wide,
    max_position_embeddings: decoder.positions,
    mlp_bias: false,
    model_type: decoder.family,
    num_attention_heads: decoder.heads,
    num_hidden_layers: decoder.layers,
    num_key_value_heads: decoder.keyValueHeads,
    pretraining_tp: 1,
    rms_norm_eps: decoder.epsilon,
    rope_scaling: null,
    rope_theta: 10000,
    tie_word_embeddings: isTied(shape),
    torch_dtype: 'bfloat16',
    transformers_version: '4.46.0',
    use_cache: true,
    vocab_size: embeddingRows(shape),
  };
}

function isTied({ decoder }: CheckpointShape): boolean {
  return decoder.head === 'embeddings';
}

function pinpoints(side: number): number[][] {
  const sizes = Array.from({ length: SHORT_SIDES }, (_, index) => (index + 1) * side);
  return sizes.flatMap((height) => sizes.map((width) => [height, width]));
}
