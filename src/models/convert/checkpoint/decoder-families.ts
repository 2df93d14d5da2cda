import type { JsonObject } from '../../package/json-fields.js';

/**
 * What the models of one `model_type` have in common. A family is one entry of `DECODER_FAMILIES`; CONTRIBUTING.md
 * describes how to add one.
 */
export interface DecoderFamily {
  /** Class of its text models in transformers, in `architectures` of `config.json`. */
  readonly textModel: string;
  /**
   * The fields of the configuration class in transformers with their defaults: configuration files leave out values
   * that equal the default. Fields that are not listed do not exist for the class, so the model ignores them.
   */
  readonly fields: JsonObject;
  /** `by-field`: queries, keys, values and attention output have biases if `attention_bias` is true. */
  readonly attentionBias: 'by-field' | 'queries-keys-values';
  /** RMSNorm of each query and key head, before the rotation (RoPE). */
  readonly queryKeyNorm: 'absent' | 'per-head';
  /** RMSNorm before attention and MLP, or before and after both. */
  readonly norms: 'before' | 'around';
  /** The factors of an RMSNorm: its weight, or its weight plus one. */
  readonly normFactor: 'weight' | 'weight-plus-one';
  /** Factor of the token embeddings: one, or the square root of the hidden size. */
  readonly embeddingScale: 'one' | 'square-root';
  /** Layers with a sliding window, unless `layer_types` lists them. */
  readonly slidingWindow: 'none' | 'all-layers' | 'from-max-window-layers' | 'every-other-layer';
}

/** Fields that all classes share, with the most frequent default. */
const COMMON = {
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  // null: one per attention head.
  num_key_value_heads: null,
  // null: hidden_size / num_attention_heads. The Qwen 2 class lacks the field, and its model uses it nevertheless.
  head_dim: null,
  rms_norm_eps: 1e-6,
  tie_word_embeddings: false,
  bos_token_id: null,
  eos_token_id: null,
  pad_token_id: null,
} as const;

const LLAMA: DecoderFamily = {
  textModel: 'LlamaForCausalLM',
  fields: {
    ...COMMON,
    vocab_size: 32_000,
    intermediate_size: 11_008,
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
  },
  attentionBias: 'by-field',
  queryKeyNorm: 'absent',
  norms: 'before',
  normFactor: 'weight',
  embeddingScale: 'one',
  slidingWindow: 'none',
};

const QWEN2: DecoderFamily = {
  ...LLAMA,
  textModel: 'Qwen2ForCausalLM',
  fields: {
    ...COMMON,
    vocab_size: 151_936,
    intermediate_size: 22_016,
    num_key_value_heads: 32,
    hidden_act: 'silu',
    max_position_embeddings: 32_768,
    use_sliding_window: false,
    sliding_window: 4096,
    max_window_layers: 28,
    layer_types: null,
  },
  attentionBias: 'queries-keys-values',
  slidingWindow: 'from-max-window-layers',
};

/** The supported decoders by `model_type`, with the defaults of `configuration_*.py` in transformers 5.24. */
export const DECODER_FAMILIES: Readonly<Record<string, DecoderFamily>> = {
  llama: LLAMA,
  mistral: {
    ...LLAMA,
    textModel: 'MistralForCausalLM',
    fields: {
      ...COMMON,
      vocab_size: 32_000,
      intermediate_size: 14_336,
      num_key_value_heads: 8,
      hidden_act: 'silu',
      max_position_embeddings: 131_072,
      sliding_window: 4096,
      bos_token_id: 1,
      eos_token_id: 2,
    },
    slidingWindow: 'all-layers',
  },
  qwen2: QWEN2,
  qwen3: {
    ...QWEN2,
    textModel: 'Qwen3ForCausalLM',
    fields: { ...QWEN2.fields, head_dim: 128, attention_bias: false },
    attentionBias: 'by-field',
    queryKeyNorm: 'per-head',
  },
  gemma2: {
    textModel: 'Gemma2ForCausalLM',
    fields: {
      ...COMMON,
      vocab_size: 256_000,
      hidden_size: 2304,
      intermediate_size: 9216,
      num_hidden_layers: 26,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      head_dim: 256,
      hidden_activation: 'gelu_pytorch_tanh',
      max_position_embeddings: 8192,
      attention_bias: false,
      query_pre_attn_scalar: 256,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
      sliding_window: 4096,
      layer_types: null,
      use_bidirectional_attention: null,
      tie_word_embeddings: true,
      bos_token_id: 2,
      eos_token_id: 1,
      pad_token_id: 0,
    },
    attentionBias: 'by-field',
    queryKeyNorm: 'absent',
    norms: 'around',
    normFactor: 'weight-plus-one',
    embeddingScale: 'square-root',
    slidingWindow: 'every-other-layer',
  },
};
