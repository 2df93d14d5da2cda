import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkString,
} from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';

/** A token that controls the model. User text must never be encoded as one. */
export interface ControlToken {
  readonly id: number;
  readonly content: string;
  /** `lstrip` and `rstrip`: whether the token absorbs white space before it, or after it. */
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** How pieces are decoded to text. Only the decoder of the Llama family is supported. */
export interface DecodingSteps {
  /** Applied to every piece, usually `▁` to a space. */
  readonly replacements: readonly { readonly from: string; readonly to: string }[];
  /** Number of spaces that are dropped at the start of a text. */
  readonly leadingSpaces: number;
}

/** The parsed tokenizer.json. */
export interface TokenizerFile {
  /** Token ids that the post-processor adds before and after every text. */
  readonly prefixIds: readonly number[];
  readonly suffixIds: readonly number[];
  readonly controlTokens: readonly ControlToken[];
  /** The token for text that neither the vocabulary nor byte tokens cover. User text may be encoded as it. */
  readonly unknownToken: string | null;
  readonly decoding: DecodingSteps;
  /** Pieces by token id, added tokens included. The ids may have gaps. */
  readonly pieces: ReadonlyMap<number, string>;
  /** A tokenizer.json for user text: control tokens are neither matched nor reachable by BPE merges. */
  readonly plain: JsonObject;
}

interface AddedToken extends ControlToken {
  readonly special: boolean;
}

const TOKEN_ID = { min: 0, max: 1 << 24 };
const MAX_PIECE = 4096;
const BYTE_PIECE = /^<0x[0-9A-F]{2}>$/;

/**
 * Parses a Hugging Face tokenizer.json.
 *
 * @param alwaysControl tokens that are control tokens even if the file does not mark them as special, such as `<image>`
 * @throws MODEL_INVALID for any model but BPE, and for a post-processor or decoder that is not supported
 */
export function parseTokenizerFile(
  json: JsonObject,
  alwaysControl: ReadonlySet<string>,
): TokenizerFile {
  const model = checkObject(json['model'], 'tokenizer model');
  if (model['type'] !== 'BPE') throw invalidModel('the model in tokenizer.json is not of type BPE');
  const vocabulary = checkObject(model['vocab'], 'tokenizer vocabulary');
  const added = parseAddedTokens(json['added_tokens']);
  const controlTokens = added.filter(
    ({ special, content }) => special || alwaysControl.has(content),
  );
  const control = new Set(controlTokens.map(({ content }) => content));

  const pieces = new Map<number, string>();
  for (const [piece, id] of Object.entries(vocabulary)) pieces.set(checkId(id), piece);
  for (const { id, content } of added) pieces.set(id, content);

  return {
    ...parsePostProcessor(json['post_processor']),
    controlTokens,
    unknownToken: typeof model['unk_token'] === 'string' ? model['unk_token'] : null,
    decoding: parseDecodingSteps(json['decoder']),
    pieces,
    plain: {
      ...json,
      added_tokens: checkList(json['added_tokens']).filter(
        (token) => !control.has(String(checkObject(token, 'added token')['content'])),
      ),
      post_processor: null,
      // `createDetokenizer` decodes: transformers.js replaces invalid UTF-8 differently from the Python library.
      decoder: null,
      model: withoutControlTokens(model, vocabulary, control),
    },
  };
}

/**
 * Some converters list a merge for every vocabulary entry, `</s>` included. Both are removed: the merge, so that the
 * characters are not joined, and the entry, so that the whole word does not match.
 */
function withoutControlTokens(
  model: JsonObject,
  vocabulary: JsonObject,
  control: ReadonlySet<string>,
): JsonObject {
  const unknown = model['unk_token'];
  return {
    ...model,
    vocab: Object.fromEntries(
      Object.entries(vocabulary).filter(([piece]) => piece === unknown || !control.has(piece)),
    ),
    merges: checkList(model['merges']).filter((merge) => {
      const merged = Array.isArray(merge) ? merge.join('') : String(merge).replace(' ', '');
      return !control.has(merged) && !BYTE_PIECE.test(merged);
    }),
  };
}

function parseAddedTokens(value: unknown): AddedToken[] {
  return checkList(value).map((item) => {
    const token = checkObject(item, 'added token');
    return {
      id: checkId(token['id']),
      content: checkString(token['content'], 'added token', MAX_PIECE),
      special: token['special'] === true,
      stripsLeft: token['lstrip'] === true,
      stripsRight: token['rstrip'] === true,
    };
  });
}

/** Parses a template such as `<s> $A`, which adds token ids around a text. */
function parsePostProcessor(value: unknown): Pick<TokenizerFile, 'prefixIds' | 'suffixIds'> {
  if (value === null || value === undefined) return { prefixIds: [], suffixIds: [] };
  const processor = checkObject(value, 'tokenizer post-processor');
  if (processor['type'] !== 'TemplateProcessing') {
    throw invalidModel('the post-processor in tokenizer.json is not of type TemplateProcessing');
  }
  const known = checkObject(processor['special_tokens'] ?? {}, 'post-processor tokens');
  const items = checkList(processor['single']).map((item) =>
    checkObject(item, 'post-processor item'),
  );
  const sequence = items.findIndex((item) => item['Sequence'] !== undefined);
  if (sequence === -1) throw invalidModel('the post-processor in tokenizer.json has no Sequence');
  const idsOf = (part: JsonObject[]) =>
    part.flatMap((item) => {
      const name = checkObject(item['SpecialToken'], 'post-processor item')['id'];
      return checkList(checkObject(known[String(name)], 'post-processor token')['ids']).map(
        checkId,
      );
    });
  return {
    prefixIds: idsOf(items.slice(0, sequence)),
    suffixIds: idsOf(items.slice(sequence + 1)),
  };
}

/**
 * Parses the steps `Replace..., ByteFallback, Fuse, Strip`. Any other order is rejected, because it decodes to other
 * text.
 */
function parseDecodingSteps(value: unknown): DecodingSteps {
  const decoder = checkObject(value, 'tokenizer decoder');
  const steps = checkList(decoder['decoders']).map((step) => checkObject(step, 'decoder step'));
  const first = steps.findIndex((step) => step['type'] !== 'Replace');
  const [fallback, fuse, strip, ...rest] = first === -1 ? [] : steps.slice(first);
  const isSupported =
    decoder['type'] === 'Sequence' &&
    fallback?.['type'] === 'ByteFallback' &&
    fuse?.['type'] === 'Fuse' &&
    (strip === undefined ||
      (strip['type'] === 'Strip' && strip['content'] === ' ' && strip['stop'] === 0)) &&
    rest.length === 0;
  if (!isSupported)
    throw invalidModel('the decoder in tokenizer.json is not Replace, ByteFallback, Fuse, Strip');
  return {
    replacements: steps.slice(0, first).map((step) => ({
      from: checkString(checkObject(step['pattern'], 'pattern')['String'], 'pattern', MAX_PIECE),
      to: String(step['content']),
    })),
    leadingSpaces: strip ? checkInteger(strip['start'], 'decoder start', TOKEN_ID) : 0,
  };
}

function checkId(value: unknown): number {
  return checkInteger(value, 'token id', TOKEN_ID);
}

function checkList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidModel('a list is missing in tokenizer.json');
  return value;
}
