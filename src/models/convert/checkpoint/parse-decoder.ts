import {
  type JsonObject,
  checkBoolean,
  checkInteger,
  checkList,
  checkNumber,
  checkOneOf,
  checkSupported,
} from '../../package/json-fields.js';
import { invalidModel } from '../../package/invalid-model.js';
import type { Activation, DecoderArchitecture } from './architecture.js';
import { DECODER_FAMILIES, type DecoderFamily } from './decoder-families.js';
import { type ContextLimit, parseRope } from './parse-rope.js';
import { canonicalName } from './tensor-names.js';

const SIZE = { min: 1, max: 1 << 24 };
const LAYERS = { min: 1, max: 1024 };
const EPSILON = { min: 1e-12, max: 1e-2 };
const SCALAR = { min: 1e-6, max: 1e6 };

const ACTIVATIONS: readonly Activation[] = ['silu', 'gelu', 'gelu_pytorch_tanh'];

/** Where the configuration of a decoder comes from. */
export interface DecoderSource {
  /** `text_config`, or all of `config.json` for a text model. */
  readonly json: JsonObject;
  /** All of `config.json`. */
  readonly config: JsonObject;
  /** `model_type` of the decoder if `json` has none; undefined for text models, which need one. */
  readonly modelType: string | undefined;
  /** Names of the tensors of the checkpoint, in any spelling. */
  readonly tensorNames: Iterable<string>;
}

/** Reads a field of a family, or its default; null for a field that the family does not have. */
type ReadField = (name: string) => unknown;

/** The family of a decoder by its `model_type`. @throws MODEL_INVALID if it is not supported. */
export function findDecoderFamily({
  json,
  config,
  modelType,
}: Pick<DecoderSource, 'json' | 'config' | 'modelType'>): DecoderFamily {
  const label = labelOf(json, config)('model_type');
  const type = checkSupported(
    json['model_type'] ?? modelType,
    label,
    Object.keys(DECODER_FAMILIES),
  );
  return DECODER_FAMILIES[type] as DecoderFamily;
}

/** Reads the fields of a decoder's configuration with the defaults of its family. */
export function createFieldReader(family: DecoderFamily, json: JsonObject): ReadField {
  return (name) => {
    if (!Object.hasOwn(family.fields, name)) return null;
    return Object.hasOwn(json, name) ? json[name] : family.fields[name];
  };
}

/**
 * Parses the configuration of a decoder.
 *
 * @returns the decoder, and notes on fields that limit it.
 * @throws MODEL_INVALID if a field is out of range or needs an unsupported feature.
 */
export function parseDecoder(source: DecoderSource): {
  readonly decoder: DecoderArchitecture;
  readonly notes: readonly string[];
} {
  const { json, config } = source;
  const family = findDecoderFamily(source);
  const read = createFieldReader(family, json);
  const label = labelOf(json, config);
  const size = (field: string, fallback?: number) =>
    checkInteger(read(field) ?? fallback, label(field), SIZE);
  const flag = (field: string) => checkBoolean(read(field) ?? false, label(field));
  const cap = (field: string) =>
    read(field) === null ? null : checkNumber(read(field), label(field), SCALAR);

  const hiddenSize = size('hidden_size');
  const attentionHeads = size('num_attention_heads');
  const keyValueHeads = size('num_key_value_heads', attentionHeads);
  const headDim = size('head_dim', hiddenSize / attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw invalidModel(
      `${label('num_attention_heads')} must be a multiple of num_key_value_heads, found ${attentionHeads} and ${keyValueHeads}`,
    );
  }
  // ONNX Runtime's GroupQueryAttention supports no other head sizes.
  if (headDim % 8 !== 0) {
    throw invalidModel(`${label('head_dim')} must be a multiple of 8, found ${headDim}`);
  }
  if (flag('use_bidirectional_attention')) {
    throw invalidModel(`${label('use_bidirectional_attention')} must be false, found true`);
  }
  const layers = checkInteger(read('num_hidden_layers'), label('num_hidden_layers'), LAYERS);
  const trained = size('max_position_embeddings');
  const { limits, ...rope } = parseRope(json, { label, headDim, maxPositions: trained });
  const window = parseSlidingWindow(family, read, label, layers);
  const all = window && window.positions < trained ? [...limits, window] : limits;
  const maxPositions = Math.min(trained, ...all.map(({ positions }) => positions));
  const scale = family.embeddingScale === 'one' ? 1 : Math.sqrt(hiddenSize);
  const scaledInputs = findOlderVersion(source, SCALED_INPUTS_UNTIL);
  const logitSoftcap = cap('final_logit_softcapping');
  const isCapped = json === config || findOlderVersion(source, CAPPED_LOGITS_UNTIL) !== null;
  const attentionBias = presence(flag('attention_bias'));
  const activation = read('hidden_activation') ?? read('hidden_act');
  return {
    decoder: {
      hiddenSize,
      attentionHeads,
      keyValueHeads,
      headDim,
      intermediateSize: size('intermediate_size'),
      layers,
      vocabularySize: size('vocab_size'),
      maxPositions,
      rmsNormEpsilon: checkNumber(read('rms_norm_eps'), label('rms_norm_eps'), EPSILON),
      ...rope,
      activation: checkOneOf(activation, label('hidden_act'), ACTIVATIONS),
      biases: {
        queriesKeysValues:
          family.attentionBias === 'queries-keys-values' ? 'present' : attentionBias,
        attentionOutput: attentionBias,
        mlp: presence(flag('mlp_bias')),
      },
      queryKeyNorm: family.queryKeyNorm,
      norms: family.norms,
      normFactor: family.normFactor,
      attentionScale: (cap('query_pre_attn_scalar') ?? headDim) ** -0.5,
      attentionSoftcap: cap('attn_logit_softcapping'),
      logitSoftcap: isCapped ? logitSoftcap : null,
      tokenScale: scaledInputs === null ? scale : 1,
      inputScale: scaledInputs === null ? 1 : scale,
      tables: findTables(flag('tie_word_embeddings'), source),
    },
    notes: [
      ...all
        .filter(({ positions }) => positions === maxPositions)
        .map((limit) => describeLimit(limit, trained)),
      ...(scaledInputs !== null && scale !== 1 ? [describeScale(scaledInputs)] : []),
      ...(isCapped || logitSoftcap === null
        ? []
        : [describeCap(label('final_logit_softcapping'), logitSoftcap)]),
    ],
  };
}

function labelOf(json: JsonObject, config: JsonObject): (field: string) => string {
  return (field) => (json === config ? field : `text_config.${field}`);
}

function presence(isPresent: boolean): 'present' | 'absent' {
  return isPresent ? 'present' : 'absent';
}

const LAYER_TYPES = ['full_attention', 'sliding_attention'] as const;

/**
 * The sliding window of the attention: a position attends to that many positions, itself included. Up to that length of
 * the context, the window has no effect.
 *
 * @returns null if no layer has one.
 */
function parseSlidingWindow(
  { slidingWindow, fields }: DecoderFamily,
  read: ReadField,
  label: (field: string) => string,
  layers: number,
): ContextLimit | null {
  if (slidingWindow === 'none') return null;
  if (Object.hasOwn(fields, 'use_sliding_window')) {
    if (!checkBoolean(read('use_sliding_window'), label('use_sliding_window'))) return null;
  }
  const listed = read('layer_types');
  const types =
    listed === null
      ? null
      : checkList(listed, label('layer_types'), layers, (type, name) =>
          checkOneOf(type, name, LAYER_TYPES),
        );
  const isUsed = types
    ? types.includes('sliding_attention')
    : slidingWindow !== 'from-max-window-layers' ||
      checkInteger(read('max_window_layers'), label('max_window_layers'), { ...SIZE, min: 0 }) <
        layers;
  if (!isUsed || read('sliding_window') === null) return null;
  const positions = checkInteger(read('sliding_window'), label('sliding_window'), SIZE);
  return {
    field: label('sliding_window'),
    value: String(positions),
    positions,
    reason: 'longer contexts would need a sliding window, which is not supported',
  };
}

function describeLimit({ field, value, positions, reason }: ContextLimit, trained: number): string {
  const context =
    positions < trained
      ? `the context window is ${positions} tokens instead of ${trained}`
      : `the context window is ${positions} tokens`;
  return `${field} is ${value}: ${context}; ${reason}.`;
}

type Version = readonly [major: number, minor: number];

/**
 * In 5.4, transformers moved the factor of Gemma's embeddings from the decoder, where it applied to image features too,
 * to the embedding table (https://github.com/huggingface/transformers/pull/44432).
 */
const SCALED_INPUTS_UNTIL: Version = [5, 4];

/**
 * In 4.52, vision-language models got an output head of their own, without the softcap of Gemma's logits
 * (https://github.com/huggingface/transformers/pull/37033).
 */
const CAPPED_LOGITS_UNTIL: Version = [4, 52];

/**
 * The version of transformers that wrote the configuration of a vision-language model, if it is older than `limit`.
 * Null for text models, and for files without a version.
 */
function findOlderVersion({ json, config }: DecoderSource, limit: Version): string | null {
  const text = config['transformers_version'];
  const match = /^(\d{1,4})\.(\d{1,4})(\.\w{1,20}){0,2}$/.exec(
    typeof text === 'string' ? text : '',
  );
  if (json === config || !match) return null;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major < limit[0] || (major === limit[0] && minor < limit[1]) ? match[0] : null;
}

function describeScale(version: string): string {
  return `transformers_version is ${version}: image features are multiplied by the square root of hidden_size, as in that version. transformers 5.4 and later multiply token embeddings only, and give other answers for this checkpoint.`;
}

function describeCap(field: string, cap: number): string {
  return `${field} is ${cap} and has no effect, as in transformers 4.52 and later: the logits of a vision-language model are not capped. Greedy answers are the same.`;
}

const EMBEDDINGS = 'language_model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

/**
 * Tensors of token embeddings and output head, as `tie_weights` in transformers 5.24 assigns them: a checkpoint's own
 * output head is used even if the configuration ties it, and either tensor stands for both if the other is missing.
 */
function findTables(
  isTied: boolean,
  { config, tensorNames }: DecoderSource,
): DecoderArchitecture['tables'] {
  const own = { embeddings: EMBEDDINGS, head: HEAD };
  if (!isTied && config['tie_word_embeddings'] !== true) return own;
  const names = Array.from(tensorNames, canonicalName);
  // A quantized matrix has other suffixes than `weight`.
  const has = (tensor: string) => {
    const prefix = tensor.replace(/weight$/, '');
    return names.some((name) => name.startsWith(prefix));
  };
  if (!has(HEAD)) return { embeddings: EMBEDDINGS, head: EMBEDDINGS };
  return has(EMBEDDINGS) ? own : { embeddings: HEAD, head: HEAD };
}
