import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkString,
} from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';

/** A token that steers the model and that text of a user must never become. */
export interface ControlToken {
  readonly id: number;
  readonly content: string;
  /** Whether white space to the left, or to the right, belongs to the token. */
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** How pieces become text again: the decoder of the Llama family, the one order of steps supported. */
export interface DecodingSteps {
  /** Applied to every piece first, as a rule `▁` to a space. */
  readonly replacements: readonly { readonly from: string; readonly to: string }[];
  /** How many spaces are cut from the very beginning of the text. */
  readonly leadingSpaces: number;
}

/** What tokenizer.json says beyond the vocabulary, and a copy of it that knows no control token. */
export interface TokenizerFile {
  /** Ids the post-processor puts before and after every text. */
  readonly prefixIds: readonly number[];
  readonly suffixIds: readonly number[];
  readonly controlTokens: readonly ControlToken[];
  /** Stands for what neither the vocabulary nor byte pieces can spell; plain text may come to it. */
  readonly unknownToken: string | null;
  readonly decoding: DecodingSteps;
  /** Every piece by its id, added tokens included; ids may have gaps. */
  readonly pieces: ReadonlyMap<number, string>;
  /** The same tokenizer for text alone: control tokens are neither matched nor reachable by merging. */
  readonly plain: JsonObject;
}

interface AddedToken extends ControlToken {
  readonly special: boolean;
}

const TOKEN_ID = { min: 0, max: 1 << 24 };
const MAX_PIECE = 4096;
const BYTE_PIECE = /^<0x[0-9A-F]{2}>$/;

/**
 * Takes a Hugging Face tokenizer.json apart. `alwaysControl` names tokens, such as the image placeholder, that are
 * control tokens even where the file does not call them special.
 *
 * @throws MODEL_INVALID for a file of another kind: anything but BPE, or steps that would decode to other text.
 */
export function parseTokenizerFile(
  json: JsonObject,
  alwaysControl: ReadonlySet<string>,
): TokenizerFile {
  const model = checkObject(json['model'], 'tokenizer model');
  if (model['type'] !== 'BPE') throw invalidModel('its tokenizer is not BPE');
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
      added_tokens: listOf(json['added_tokens']).filter(
        (token) => !control.has(String(checkObject(token, 'added token')['content'])),
      ),
      post_processor: null,
      // Decoding is the detokenizer's: the library replaces broken bytes in another way than Hugging Face's own.
      decoder: null,
      model: withoutControlTokens(model, vocabulary, control),
    },
  };
}

/**
 * Some converters write a merge for every way to spell a piece of the vocabulary, `</s>` among them. Without the merge,
 * the letters stay apart; without the vocabulary entry, a whole word cannot match either.
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
    merges: listOf(model['merges']).filter((merge) => {
      const made = Array.isArray(merge) ? merge.join('') : String(merge).replace(' ', '');
      return !control.has(made) && !BYTE_PIECE.test(made);
    }),
  };
}

function parseAddedTokens(value: unknown): AddedToken[] {
  return listOf(value).map((item) => {
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

/** Reads `<s> $A`, the template that adds ids around a single text. */
function parsePostProcessor(value: unknown): Pick<TokenizerFile, 'prefixIds' | 'suffixIds'> {
  if (value === null || value === undefined) return { prefixIds: [], suffixIds: [] };
  const processor = checkObject(value, 'tokenizer post-processor');
  if (processor['type'] !== 'TemplateProcessing') {
    throw invalidModel('its tokenizer has a post-processor that is not supported');
  }
  const known = checkObject(processor['special_tokens'] ?? {}, 'post-processor tokens');
  const items = listOf(processor['single']).map((item) => checkObject(item, 'post-processor item'));
  const sequence = items.findIndex((item) => item['Sequence'] !== undefined);
  if (sequence === -1) throw invalidModel('its tokenizer drops the text it is given');
  const idsOf = (part: JsonObject[]) =>
    part.flatMap((item) => {
      const name = checkObject(item['SpecialToken'], 'post-processor item')['id'];
      return listOf(checkObject(known[String(name)], 'post-processor token')['ids']).map(checkId);
    });
  return {
    prefixIds: idsOf(items.slice(0, sequence)),
    suffixIds: idsOf(items.slice(sequence + 1)),
  };
}

/** Reads `Replace..., ByteFallback, Fuse, Strip`. Text that is decoded in another order is not guessed at. */
function parseDecodingSteps(value: unknown): DecodingSteps {
  const decoder = checkObject(value, 'tokenizer decoder');
  const steps = listOf(decoder['decoders']).map((step) => checkObject(step, 'decoder step'));
  const first = steps.findIndex((step) => step['type'] !== 'Replace');
  const [fallback, fuse, strip, ...rest] = first === -1 ? [] : steps.slice(first);
  const isSupported =
    decoder['type'] === 'Sequence' &&
    fallback?.['type'] === 'ByteFallback' &&
    fuse?.['type'] === 'Fuse' &&
    (strip === undefined ||
      (strip['type'] === 'Strip' && strip['content'] === ' ' && strip['stop'] === 0)) &&
    rest.length === 0;
  if (!isSupported) throw invalidModel('its tokenizer decodes in a way that is not supported');
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

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidModel('its tokenizer lacks a list it needs');
  return value;
}
