import {
  type JsonObject,
  checkInteger,
  checkOneOf,
  checkNumber,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { DecoderArchitecture } from './architecture.js';
import { parseRope } from './parse-rope.js';

const SIZE = { min: 1, max: 1 << 24 };
const LAYERS = { min: 1, max: 1024 };
const EPSILON = { min: 1e-12, max: 1e-2 };

/**
 * Parses the configuration of a Llama decoder.
 *
 * @param json `text_config`, or all of `config.json` for a text model.
 * @param config all of `config.json`, which may contain `tie_word_embeddings`.
 * @throws MODEL_INVALID
 */
export function parseDecoder(json: JsonObject, config: JsonObject): DecoderArchitecture {
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
