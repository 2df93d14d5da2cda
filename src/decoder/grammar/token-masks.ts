import { type AutomatonState, type ByteAutomaton, MAX_FREE_TEXT } from './byte-automaton.js';

/** The text of every token as bytes; null for control tokens, which no grammar allows. */
export type TokenBytes = readonly (Uint8Array | null)[];

/** Allowed tokens: bit `id % 32` of word `id / 32`. */
type TokenMask = Uint32Array;

/** Tokens as a tree over their bytes, in depth-first order, so that a refused byte skips all tokens behind it. */
interface TokenTree {
  /** Byte of each node. */
  readonly bytes: Uint8Array;
  /** Bytes before each node. */
  readonly depths: Uint16Array;
  /** First node after the branch of each node. */
  readonly ends: Uint32Array;
  /** Tokens that end at node `n`: `ids` from `firstIds[n]` to `firstIds[n + 1]`. */
  readonly firstIds: Uint32Array;
  readonly ids: Uint32Array;
}

/** The vocabulary of a model, arranged for masks. */
export interface VocabularyIndex {
  readonly tokens: TokenBytes;
  readonly all: TokenTree;
  /** Tokens that free text accepts everywhere, and a tree of the others. */
  readonly freeText: TokenMask;
  readonly notFreeText: TokenTree;
}

/** Masks kept for one grammar: 32 kB each for 256,000 tokens. */
const MAX_KEPT_MASKS = 256;

/** Longest token text in bytes that a grammar allows. */
const MAX_TOKEN_BYTES = 1024;

export function indexVocabulary(tokens: TokenBytes): VocabularyIndex {
  const freeText = new Uint32Array(Math.ceil(tokens.length / 32));
  const ids: number[] = [];
  const others: number[] = [];
  for (const [id, bytes] of tokens.entries()) {
    if (!bytes || bytes.length === 0 || bytes.length > MAX_TOKEN_BYTES) continue;
    ids.push(id);
    if (isFreeText(bytes)) allow(freeText, id);
    else others.push(id);
  }
  return { tokens, freeText, all: buildTree(ids, tokens), notFreeText: buildTree(others, tokens) };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isFreeText(bytes: Uint8Array): boolean {
  let isAscii = true;
  for (const byte of bytes) {
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return false;
    isAscii &&= byte < 0x80;
  }
  if (isAscii) return bytes.length <= MAX_FREE_TEXT;
  try {
    return utf8.decode(bytes).length <= MAX_FREE_TEXT;
  } catch {
    return false;
  }
}

function buildTree(ids: readonly number[], tokens: TokenBytes): TokenTree {
  const empty = new Uint8Array();
  const bytesOf = (id: number): Uint8Array => tokens[id] ?? empty;
  const sorted = sortTokens(ids, bytesOf);
  const size = ids.reduce((total, id) => total + bytesOf(id).length, 0);
  const bytes = new Uint8Array(size);
  const depths = new Uint16Array(size);
  const ends = new Uint32Array(size);
  const firstIds = new Uint32Array(size + 1);
  const path: number[] = [];
  let nodes = 0;
  let previous: Uint8Array = empty;
  const closeTo = (depth: number): void => {
    for (let node = path.pop(); node !== undefined; node = path.pop()) {
      ends[node] = nodes;
      if (path.length <= depth) return;
    }
  };
  sorted.forEach((id, index) => {
    const token = bytesOf(id);
    const shared = sharedLength(previous, token);
    if (path.length > shared) closeTo(shared);
    for (let depth = shared; depth < token.length; depth++) {
      bytes[nodes] = token[depth] ?? 0;
      depths[nodes] = depth;
      // Tokens of the nodes before the last byte end elsewhere.
      firstIds[nodes] = index;
      path.push(nodes);
      nodes += 1;
    }
    firstIds[nodes] = index + 1;
    previous = token;
  });
  closeTo(0);
  return {
    bytes: bytes.slice(0, nodes),
    depths: depths.slice(0, nodes),
    ends: ends.slice(0, nodes),
    firstIds: firstIds.slice(0, nodes + 1),
    ids: sorted,
  };
}

/** In the order of their bytes. The first six bytes as a number decide most comparisons. */
function sortTokens(ids: readonly number[], bytesOf: (id: number) => Uint8Array): Uint32Array {
  const sorted = Uint32Array.from(ids);
  const starts = new Float64Array(sorted.reduce((highest, id) => Math.max(highest, id), 0) + 1);
  for (const id of ids) {
    const bytes = bytesOf(id);
    let start = 0;
    for (let index = 0; index < 6; index++) start = start * 256 + (bytes[index] ?? 0);
    starts[id] = start;
  }
  return sorted.sort(
    (a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || Buffer.compare(bytesOf(a), bytesOf(b)),
  );
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length += 1;
  return length;
}

function allow(mask: TokenMask, id: number): void {
  mask[id >>> 5] = (mask[id >>> 5] ?? 0) | (1 << (id & 31));
}

/** Adds the tokens of a tree that a state accepts. */
function addAccepted(tree: TokenTree, from: AutomatonState, mask: TokenMask): void {
  const { bytes, depths, ends, firstIds, ids } = tree;
  const states: AutomatonState[] = [from];
  for (let node = 0; node < bytes.length;) {
    const depth = depths[node] ?? 0;
    const state = states[depth]?.step(bytes[node] ?? 0);
    if (!state) {
      node = ends[node] ?? bytes.length;
      continue;
    }
    states[depth + 1] = state;
    const last = firstIds[node + 1] ?? 0;
    for (let index = firstIds[node] ?? 0; index < last; index++) allow(mask, ids[index] ?? 0);
    node += 1;
  }
}

/** A grammar over the tokens of one model. Answers share it. */
export interface TokenGrammar {
  /** Starts an answer. */
  start(): AnswerGrammar;
}

/** Keeps one answer within a grammar. */
export interface AnswerGrammar {
  /** Sets the logits `[vocabulary]` of all tokens to -Infinity that the grammar does not allow next. */
  restrict(logits: Float32Array): void;
  /** Takes the token that was chosen. */
  accept(id: number): void;
}

/** @param eosIds tokens that end a complete answer */
export function createTokenGrammar(
  automaton: ByteAutomaton,
  vocabulary: VocabularyIndex,
  eosIds: readonly number[],
): TokenGrammar {
  let masks = new Map<AutomatonState, TokenMask>();
  const maskOf = (state: AutomatonState): TokenMask => {
    const known = masks.get(state);
    if (known) return known;
    const mask = state.isFreeText
      ? vocabulary.freeText.slice()
      : new Uint32Array(vocabulary.freeText.length);
    addAccepted(state.isFreeText ? vocabulary.notFreeText : vocabulary.all, state, mask);
    if (state.isComplete) for (const id of eosIds) allow(mask, id);
    if (masks.size >= MAX_KEPT_MASKS) masks = new Map();
    masks.set(state, mask);
    return mask;
  };
  return {
    start() {
      let state: AutomatonState | null = automaton.start();
      return {
        restrict(logits) {
          if (state) applyMask(maskOf(state), logits);
        },
        accept(id) {
          for (const byte of vocabulary.tokens[id] ?? []) state = state?.step(byte) ?? null;
        },
      };
    },
  };
}

/** If other settings exclude all tokens of the mask, those tokens become equally likely: the grammar goes first. */
function applyMask(mask: TokenMask, logits: Float32Array): void {
  let isAnyLeft = false;
  for (let word = 0; word < mask.length; word++) {
    const bits = mask[word] ?? 0;
    const end = Math.min(logits.length, (word + 1) * 32);
    if (bits === 0) {
      logits.fill(-Infinity, word * 32, end);
      continue;
    }
    if (bits === 0xffffffff && isAnyLeft) continue;
    for (let id = word * 32; id < end; id++) {
      if ((bits & (1 << (id & 31))) === 0) logits[id] = -Infinity;
      else isAnyLeft ||= logits[id] !== -Infinity;
    }
  }
  if (mask.length * 32 < logits.length) logits.fill(-Infinity, mask.length * 32);
  if (isAnyLeft) return;
  for (let id = 0; id < logits.length; id++) {
    if (((mask[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0) logits[id] = 0;
  }
}
