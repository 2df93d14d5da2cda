import {
  type JsonObject,
  checkInteger,
  checkObject,
  checkOneOf,
} from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';
import type { AddedToken } from './added-tokens.js';

/** Encodes a piece of text as token ids. */
export type PieceEncoder = (piece: string) => number[];

const TOKEN_ID = { min: 0, max: (1 << 24) - 1 };
const BYTE_PIECE = /^<0x[0-9A-F]{2}>$/;

/** Fields that change the result, with the values that have no effect. Other values are refused. */
const INEFFECTIVE: Readonly<Record<string, readonly unknown[]>> = {
  dropout: [undefined, null, 0],
  continuing_subword_prefix: [undefined, null, ''],
  end_of_word_suffix: [undefined, null, ''],
};

/**
 * Creates the `model` of tokenizer.json: byte-pair encoding, with the result of the `tokenizers` library.
 *
 * @param control control tokens, which are left out of the model: neither a vocabulary entry nor a merge leads from
 *   characters to them. Some converters list a merge for every vocabulary entry, `</s>` included.
 * @throws MODEL_INVALID for any model but BPE, and for options that are not supported
 */
export function createPieceEncoder(value: unknown, control: readonly AddedToken[]): PieceEncoder {
  const model = checkModel(value);
  const unknown = model['unk_token'];
  const controlTokens = new Set(control.map(({ content }) => content));
  const controlIds = new Set(control.map(({ id }) => id));
  const vocabulary = new Map<string, number>();
  for (const [piece, value] of Object.entries(checkObject(model['vocab'], 'model.vocab'))) {
    const id = checkId(value);
    const isControl = controlTokens.has(piece) || controlIds.has(id);
    if (piece === unknown || !isControl) vocabulary.set(piece, id);
    else controlTokens.add(piece);
  }
  const merge = createMerger(parseMerges(model, vocabulary, controlTokens));
  const firstSymbols = createSplitter(model, vocabulary);
  const ignoresMerges = model['ignore_merges'] === true;
  return (piece) => {
    const whole = ignoresMerges ? vocabulary.get(piece) : undefined;
    return whole === undefined ? merge(firstSymbols(piece)) : [whole];
  };
}

function checkModel(value: unknown): JsonObject {
  const model = checkObject(value, 'model');
  // Older files have no type.
  const type = model['type'] ?? (model['merges'] === undefined ? undefined : 'BPE');
  checkOneOf(type, 'model.type', ['BPE']);
  for (const [field, values] of Object.entries(INEFFECTIVE)) {
    if (values.includes(model[field])) continue;
    throw invalidModel(`model.${field} must be null or empty, because it is not supported`);
  }
  return model;
}

/** The symbols of a piece before any merge: characters, or bytes for characters outside the vocabulary. */
function createSplitter(
  model: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
): (piece: string) => number[] {
  const hasBytes = model['byte_fallback'] === true;
  const isFused = model['fuse_unk'] === true;
  const unknown = model['unk_token'];
  const bytesOf = (character: string): number[] | null => {
    const ids = Array.from(Buffer.from(character, 'utf8'), (byte) =>
      vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    );
    return ids.includes(undefined) ? null : ids.filter((id) => id !== undefined);
  };
  const unknownId = (): number => {
    const id = vocabulary.get(String(unknown));
    if (id === undefined) throw invalidModel('model.unk_token is not in model.vocab');
    return id;
  };
  return (piece) => {
    const symbols: number[] = [];
    // As in the reference, an unknown character is written when the next known one is reached.
    let isPending = false;
    const writeUnknown = () => {
      if (isPending) symbols.push(unknownId());
      isPending = false;
    };
    for (const character of piece) {
      const id = vocabulary.get(character);
      const bytes = id === undefined && hasBytes ? bytesOf(character) : null;
      if (id !== undefined) {
        writeUnknown();
        symbols.push(id);
      } else if (bytes) {
        symbols.push(...bytes);
      } else if (typeof unknown === 'string') {
        if (!isFused) writeUnknown();
        isPending = true;
      }
    }
    writeUnknown();
    return symbols;
  };
}

/** Merged token ids by `pairKey`, in the order of the file: the first ones take precedence. */
type Merges = ReadonlyMap<number, { readonly rank: number; readonly id: number }>;

function pairKey(left: number, right: number): number {
  return left * (TOKEN_ID.max + 1) + right;
}

function parseMerges(
  model: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
  controlTokens: ReadonlySet<string>,
): Merges {
  const list: unknown = model['merges'];
  if (!Array.isArray(list)) throw invalidModel('model.merges must be an array');
  const hasBytes = model['byte_fallback'] === true;
  const merges = new Map<number, { rank: number; id: number }>();
  for (const [rank, item] of list.entries()) {
    const pieces = parseMerge(item);
    const merged = pieces.join('');
    if (hasBytes && BYTE_PIECE.test(merged)) continue;
    const [left, right, id] = [...pieces, merged].map((piece) => vocabulary.get(piece));
    if (left !== undefined && right !== undefined && id !== undefined) {
      merges.set(pairKey(left, right), { rank, id });
    } else if (![...pieces, merged].some((piece) => controlTokens.has(piece))) {
      throw invalidModel(`model.merges[${rank}] names a piece that is not in model.vocab`);
    }
  }
  return merges;
}

/** `["a", "b"]`, or `"a b"` in files of older versions. */
function parseMerge(merge: unknown): [string, string] {
  const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  const [left, right, ...others] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof left !== 'string' || typeof right !== 'string' || others.length > 0) {
    throw invalidModel('model.merges[] must be a pair of pieces');
  }
  return [left, right];
}

/** Symbols per piece: ranks and positions share one number in the heap. */
const MAX_SYMBOLS = 1 << 24;

/** Merges the pair of the lowest rank until none is left; of equal pairs the leftmost. */
function createMerger(merges: Merges): (symbols: number[]) => number[] {
  return (symbols) => {
    // Neighbours of each symbol; a merged symbol keeps the position of its left part.
    const next = symbols.map((_, index) => index + 1);
    const previous = symbols.map((_, index) => index - 1);
    const isRemoved = symbols.map(() => false);
    const queue = createQueue();
    const candidate = (left: number) => {
      const right = next[left];
      if (right === undefined || right >= symbols.length) return undefined;
      return merges.get(pairKey(symbols[left] ?? 0, symbols[right] ?? 0));
    };
    const enqueue = (left: number) => {
      const merge = left < 0 ? undefined : candidate(left);
      if (merge) queue.push(merge.rank * MAX_SYMBOLS + left);
    };
    for (let index = 0; index < symbols.length - 1; index++) enqueue(index);
    for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
      const left = entry % MAX_SYMBOLS;
      const merge = isRemoved[left] ? undefined : candidate(left);
      // The pair at this position may have changed since it was queued.
      if (merge?.rank !== Math.floor(entry / MAX_SYMBOLS)) continue;
      const right = next[left] ?? 0;
      const after = next[right] ?? symbols.length;
      symbols[left] = merge.id;
      isRemoved[right] = true;
      next[left] = after;
      if (after < symbols.length) previous[after] = left;
      enqueue(previous[left] ?? -1);
      enqueue(left);
    }
    return symbols.filter((_, index) => !isRemoved[index]);
  };
}

/** A binary heap of numbers, the smallest first. */
function createQueue() {
  const heap: number[] = [];
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b] ?? 0, heap[a] ?? 0];
  };
  const isLess = (a: number, b: number) => (heap[a] ?? Infinity) < (heap[b] ?? Infinity);
  return {
    push(value: number): void {
      let index = heap.push(value) - 1;
      for (
        let parent = (index - 1) >> 1;
        index > 0 && isLess(index, parent);
        parent = (index - 1) >> 1
      ) {
        swap(index, parent);
        index = parent;
      }
    },
    pop(): number | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return first;
      heap[0] = last;
      for (let index = 0; ;) {
        const child = 2 * index + (isLess(2 * index + 2, 2 * index + 1) ? 2 : 1);
        if (!isLess(child, index)) return first;
        swap(child, index);
        index = child;
      }
    },
  };
}

function checkId(value: unknown): number {
  return checkInteger(value, 'model.vocab', TOKEN_ID);
}
