import { type JsonObject, checkInteger, checkObject } from '../../package/json-fields.js';
import { invalidCheckpoint } from '../../package/invalid-model.js';
import { tokenContent } from '../../../language/special-tokens.js';

/** tokenizer.json and tokenizer_config.json. */
export interface TokenizerFiles {
  readonly tokenizer: JsonObject;
  readonly config: JsonObject;
}

/**
 * The tokenizer as `AutoTokenizer` of transformers 5 loads it. Some classes (`tokenizer_class`) take only vocabulary
 * and merges from tokenizer.json and build the other components themselves. Special tokens that only
 * tokenizer_config.json names are added. Returns the same objects if nothing changes.
 *
 * @param modelType `model_type` of config.json, which takes part in the choice of the class
 * @param specialTokensMap special_tokens_map.json, of older versions; `{}` if there is none
 * @param vocabularySize tokens from this id on have no embedding and are left out
 * @throws MODEL_INVALID for a class that builds components that are not known here
 */
export function loadTokenizerFiles(
  files: TokenizerFiles,
  modelType: unknown,
  specialTokensMap: JsonObject,
  vocabularySize: number,
): TokenizerFiles {
  const named = 'added_tokens_decoder' in files.config ? {} : specialTokensMap;
  const given = Object.keys(named).length === 0 ? files.config : { ...files.config, ...named };
  if (given['split_special_tokens'] === true) {
    throw invalidCheckpoint(
      'tokenizer_config.json',
      'split_special_tokens is true, which is not supported. Remove it',
    );
  }
  const rebuild = findClass(files.tokenizer, given, modelType);
  const config = rebuild ? { ...rebuild.specialTokens, ...given } : given;
  const rebuilt = rebuild ? rebuildTokenizer(files.tokenizer, config, rebuild) : files.tokenizer;
  const promotes = rebuild?.promotesExtraTokens ?? false;
  return { tokenizer: addTokens(rebuilt, config, vocabularySize, promotes), config };
}

/** A class that builds all components but vocabulary and merges. */
interface TokenizerClass {
  /** Special tokens that tokenizer_config.json may leave out. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Whether `extra_special_tokens` turns ordinary added tokens into special ones. */
  readonly promotesExtraTokens?: true;
  readonly model: JsonObject;
  readonly components: (config: JsonObject) => JsonObject;
}

const replace = (from: string, to: string) => ({
  type: 'Replace',
  pattern: { String: from },
  content: to,
});

const BYTE_LEVEL = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: true,
};

const QWEN2_EXPRESSION =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The classes of the supported families in transformers 5.24, by name without `Fast`. */
const CLASSES: Readonly<Record<string, TokenizerClass>> = {
  LlamaTokenizer: {
    specialTokens: { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' },
    model: { unk_token: null, fuse_unk: true, byte_fallback: true, ignore_merges: false },
    components(config) {
      const addsSpace = config['add_prefix_space'] !== false;
      const scheme = config['legacy'] === true ? 'always' : 'first';
      const steps = [replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }];
      const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
      return {
        normalizer: null,
        pre_tokenizer: {
          type: 'Metaspace',
          replacement: '▁',
          prepend_scheme: addsSpace ? scheme : 'never',
          split: false,
        },
        decoder: { type: 'Sequence', decoders: addsSpace ? [...steps, strip] : steps },
      };
    },
  },
  Qwen2Tokenizer: {
    specialTokens: {
      unk_token: '<|endoftext|>',
      eos_token: '<|endoftext|>',
      pad_token: '<|endoftext|>',
    },
    promotesExtraTokens: true,
    model: { unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: false },
    components: (config) => ({
      normalizer: { type: 'NFC' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          {
            type: 'Split',
            pattern: { Regex: QWEN2_EXPRESSION },
            behavior: 'Isolated',
            invert: false,
          },
          {
            ...BYTE_LEVEL,
            add_prefix_space: config['add_prefix_space'] === true,
            use_regex: false,
          },
        ],
      },
      decoder: BYTE_LEVEL,
    }),
  },
  GPT2Tokenizer: {
    specialTokens: {
      unk_token: '<|endoftext|>',
      bos_token: '<|endoftext|>',
      eos_token: '<|endoftext|>',
    },
    model: { unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: false },
    components: (config) => ({
      normalizer: null,
      pre_tokenizer: { ...BYTE_LEVEL, add_prefix_space: config['add_prefix_space'] === true },
      decoder: BYTE_LEVEL,
    }),
  },
  GemmaTokenizer: {
    specialTokens: {
      unk_token: '<unk>',
      bos_token: '<bos>',
      eos_token: '<eos>',
      pad_token: '<pad>',
      mask_token: '<mask>',
    },
    model: { fuse_unk: true, byte_fallback: true, ignore_merges: false },
    components: () => ({
      normalizer: replace(' ', '▁'),
      pre_tokenizer: {
        type: 'Split',
        pattern: { String: ' ' },
        behavior: 'MergedWithPrevious',
        invert: false,
      },
      decoder: {
        type: 'Sequence',
        decoders: [replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }],
      },
    }),
  },
};

/** Other classes of transformers 5.24 that build components for a BPE model. */
const UNKNOWN_CLASSES = [
  ...['Bart', 'Blenderbot', 'CLIP', 'CodeLlama', 'Cohere', 'Deberta', 'Esmc', 'GPTNeoX', 'Herbert'],
  ...['LED', 'LayoutLMv3', 'Luke', 'MarkupLM', 'Mvp', 'Nllb', 'Nougat', 'OpenAIGPT', 'Qwen3_5'],
  ...['Reformer', 'Roberta', 'SeamlessM4T', 'Siglip2', 'Tipsv2', 'Whisper'],
].map((name) => `${name}Tokenizer`);

/** Model types whose tokenizers are always read from tokenizer.json. */
const PLAIN_TYPES: readonly unknown[] = ['llava', 'llava_next', 'mistral'];

/** The class of a model type if tokenizer_config.json names none. */
const DEFAULT_CLASSES: Readonly<Record<string, string>> = {
  qwen2: 'Qwen2Tokenizer',
  qwen3: 'Qwen2Tokenizer',
  gemma2: 'GemmaTokenizer',
};

/** `null` if the components are those of tokenizer.json. */
function findClass(
  tokenizer: JsonObject,
  config: JsonObject,
  modelType: unknown,
): TokenizerClass | null {
  if (PLAIN_TYPES.includes(modelType)) return null;
  const declared = modelType === 'qwen2' ? null : config['tokenizer_class'];
  const name =
    typeof declared === 'string'
      ? declared.replace(/Fast$/, '')
      : DEFAULT_CLASSES[String(modelType)];
  if (name === undefined) return null;
  if (UNKNOWN_CLASSES.includes(name)) {
    throw invalidCheckpoint(
      'tokenizer_config.json',
      `the tokenizer_class ${name} is not supported. Save the tokenizer with transformers as PreTrainedTokenizerFast, or use one of ${Object.keys(CLASSES).join(', ')}`,
    );
  }
  // Byte-level tokenizers of Llama 3 declare the class of Llama 2.
  if (name === 'LlamaTokenizer' && usesByteLevel(tokenizer)) return null;
  return Object.hasOwn(CLASSES, name) ? (CLASSES[name] ?? null) : null;
}

function usesByteLevel(tokenizer: JsonObject): boolean {
  const { normalizer, pre_tokenizer: preTokenizer, decoder } = tokenizer;
  return JSON.stringify([normalizer, preTokenizer, decoder]).includes('"ByteLevel"');
}

function rebuildTokenizer(
  tokenizer: JsonObject,
  config: JsonObject,
  { model, components }: TokenizerClass,
): JsonObject {
  const { vocab, merges } = checkObject(tokenizer['model'], 'model');
  return {
    ...tokenizer,
    ...components(config),
    added_tokens: decoderTokens(config) ?? tokenizer['added_tokens'],
    model: {
      type: 'BPE',
      dropout: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      unk_token: tokenContent(config['unk_token']),
      ...model,
      vocab,
      merges,
    },
  };
}

/** An entry of `added_tokens` without its id. */
type TokenFlags = JsonObject & { readonly content: string };

const NO_FLAGS = { single_word: false, lstrip: false, rstrip: false, normalized: false };

/** `added_tokens_decoder` of tokenizer_config.json as `added_tokens`; `null` if there is none. */
function decoderTokens(config: JsonObject): JsonObject[] | null {
  if (!('added_tokens_decoder' in config)) return null;
  const listed = checkObject(config['added_tokens_decoder'], 'added_tokens_decoder');
  return Object.entries(listed)
    .map(([id, token]) => ({ ...checkObject(token, 'added_tokens_decoder[]'), id: Number(id) }))
    .sort((a, b) => a.id - b.id);
}

/** Adds the tokens that only tokenizer_config.json lists. */
function addTokens(
  tokenizer: JsonObject,
  config: JsonObject,
  vocabularySize: number,
  promotesExtraTokens: boolean,
): JsonObject {
  const original = listTokens(tokenizer['added_tokens']);
  const tokens = new Map(original.map((token) => [String(token['content']), token]));
  const vocabulary = checkObject(checkObject(tokenizer['model'], 'model')['vocab'], 'model.vocab');
  const add = (token: TokenFlags, givenId?: unknown): void => {
    const known = tokens.get(token.content);
    const id = known?.['id'] ?? vocabulary[token.content] ?? givenId ?? nextId(vocabulary, tokens);
    const checked = checkInteger(id, 'token id', { min: 0, max: 1 << 24 });
    if (checked < vocabularySize) tokens.set(token.content, { ...token, id: checked });
  };
  for (const { id, ...token } of decoderTokens(config) ?? []) {
    add({ ...NO_FLAGS, special: false, ...token, content: String(token['content']) }, id);
  }
  for (const { isNamed, value } of listSpecialTokens(config)) {
    const content = tokenContent(value);
    if (content === null || content === '') continue;
    const known = tokens.get(content);
    const flags = typeof value === 'object' ? (value as JsonObject) : {};
    if (!known) add({ ...NO_FLAGS, ...withoutType(flags), special: true, content });
    else if ((isNamed || promotesExtraTokens) && known['special'] !== true) {
      tokens.set(content, { ...known, special: true });
    }
  }
  const added = [...tokens.values()];
  return JSON.stringify(added) === JSON.stringify(original)
    ? tokenizer
    : { ...tokenizer, added_tokens: added };
}

function listTokens(value: unknown): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.map((token) => checkObject(token, 'added_tokens[]'));
}

/** Named special tokens, and those of a list, which have no name. */
function listSpecialTokens(
  config: JsonObject,
): { readonly isNamed: boolean; readonly value: unknown }[] {
  const extra: unknown = config['extra_special_tokens'] ?? config['additional_special_tokens'];
  const isList = Array.isArray(extra);
  const named = Object.entries({
    ...config,
    ...(typeof extra === 'object' && !isList ? extra : {}),
  }).filter(([name]) => name.endsWith('_token'));
  return [
    ...named.map(([, value]) => ({ isNamed: true, value })),
    ...(isList ? extra.map((value: unknown) => ({ isNamed: false, value })) : []),
  ];
}

function withoutType(flags: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => name !== '__type'));
}

/** The id of a new token: after the vocabulary and all added tokens. */
function nextId(vocabulary: JsonObject, tokens: ReadonlyMap<string, JsonObject>): number {
  const size = Object.keys(vocabulary).length;
  return [...tokens.values()].reduce((next, { id }) => Math.max(next, Number(id) + 1), size);
}
