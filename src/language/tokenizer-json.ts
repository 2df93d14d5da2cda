import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkString,
} from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';
import type { AddedToken } from './added-tokens.js';
import type { Normalizer } from './normalizers.js';
import { findStep, listSteps } from './tokenizer-steps.js';

/** Token ids that the post-processor adds before and after every text. */
export interface SurroundingIds {
  readonly prefixIds: readonly number[];
  readonly suffixIds: readonly number[];
}

/** An added token as tokenizer.json has it. */
export interface ListedToken extends AddedToken {
  /** Not part of a decoded text. */
  readonly isSpecial: boolean;
}

const TOKEN_ID = { min: 0, max: 1 << 24 };
const MAX_PIECE = 4096;

/**
 * Parses `added_tokens`.
 *
 * @param mediaIds tokens that are control tokens even if they are not special: placeholders of images and videos
 * @throws MODEL_INVALID
 */
export function parseAddedTokens(
  value: unknown,
  mediaIds: ReadonlySet<number | null>,
): ListedToken[] {
  return checkArray(value ?? [], 'added_tokens').map((item) => {
    const token = checkObject(item, 'added_tokens[]');
    const id = checkId(token['id']);
    const isSpecial = token['special'] === true;
    return {
      id,
      content: checkString(token['content'], 'added_tokens[].content', MAX_PIECE),
      isSpecial,
      isControl: isSpecial || mediaIds.has(id),
      isNormalized: token['normalized'] === true,
      isSingleWord: token['single_word'] === true,
      stripsLeft: token['lstrip'] === true,
      stripsRight: token['rstrip'] === true,
    };
  });
}

/** By `type`. A byte-level post-processor only corrects offsets. */
const POST_PROCESSORS: Readonly<Record<string, (json: JsonObject) => SurroundingIds>> = {
  ByteLevel: () => ({ prefixIds: [], suffixIds: [] }),
  TemplateProcessing: parseTemplateProcessing,
};

/** Parses `post_processor`. @throws MODEL_INVALID for a type that is not supported */
export function parsePostProcessor(value: unknown): SurroundingIds {
  const steps = listSteps(value, 'post_processor').map((step) =>
    findStep(step, 'post_processor', POST_PROCESSORS)(step),
  );
  // Each step surrounds the result of the one before it.
  return {
    prefixIds: steps.toReversed().flatMap(({ prefixIds }) => prefixIds),
    suffixIds: steps.flatMap(({ suffixIds }) => suffixIds),
  };
}

/** Parses a template such as `<s> $A`. */
function parseTemplateProcessing(json: JsonObject): SurroundingIds {
  const known = checkObject(json['special_tokens'] ?? {}, 'post_processor.special_tokens');
  const items = checkArray(json['single'], 'post_processor.single').map((item) =>
    checkObject(item, 'post_processor.single[]'),
  );
  const isText = (item: JsonObject) => item['Sequence'] !== undefined;
  const text = items.findIndex(isText);
  if (items.filter(isText).length !== 1) {
    throw invalidModel('post_processor.single must contain the text ($A) exactly once');
  }
  const idsOf = (part: readonly JsonObject[]) =>
    part.flatMap((item) => {
      const name = checkObject(item['SpecialToken'], 'post_processor.single[]')['id'];
      const token = checkObject(known[String(name)], 'post_processor.special_tokens[]');
      return checkArray(token['ids'], 'post_processor.special_tokens[].ids').map(checkId);
    });
  return { prefixIds: idsOf(items.slice(0, text)), suffixIds: idsOf(items.slice(text + 1)) };
}

/**
 * Pieces by token id, added tokens included. The ids may have gaps. The piece of a normalized added token is its
 * normalized content, from which text is decoded.
 */
export function piecesById(
  model: unknown,
  added: readonly AddedToken[],
  normalize: Normalizer,
): ReadonlyMap<number, string> {
  const vocabulary = checkObject(checkObject(model, 'model')['vocab'], 'model.vocab');
  const pieces = new Map<number, string>();
  for (const [piece, id] of Object.entries(vocabulary)) pieces.set(checkId(id), piece);
  for (const { id, content, isNormalized } of added) {
    pieces.set(id, isNormalized ? normalize(content).text : content);
  }
  return pieces;
}

function checkId(value: unknown): number {
  return checkInteger(value, 'token id', TOKEN_ID);
}

function checkArray(value: unknown, label: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalidModel(`${label} must be an array`);
  return value;
}
