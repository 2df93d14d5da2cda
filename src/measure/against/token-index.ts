import { tokenText } from '../../language/detokenizer.js';
import type { Tokenizer } from '../../language/tokenizer.js';
import type { TokenName } from './server-answer.js';

/** Finds the ids of tokens that a server names. */
export interface TokenIndex {
  /**
   * @param position of the token in the answer: at the first one, the space before the first word is dropped.
   * @returns all ids with these bytes; none for a token that the vocabulary lacks.
   */
  find(token: TokenName, position: 'first' | 'later'): readonly number[];
}

/** Indexes a vocabulary by the bytes of its tokens. Several ids may have the same bytes. */
export function createTokenIndex(tokenizer: Tokenizer, vocabularySize: number): TokenIndex {
  const build = (isFirst: boolean): ReadonlyMap<string, readonly number[]> => {
    const ids = new Map<string, number[]>();
    for (let id = 0; id < vocabularySize; id++) {
      if (tokenizer.pieceOf(id) === undefined) continue;
      const key = keyOf(tokenText(id, isFirst, tokenizer).bytes);
      const same = ids.get(key);
      if (same) same.push(id);
      else ids.set(key, [id]);
    }
    return ids;
  };
  const later = build(false);
  let first: typeof later | undefined;
  return {
    find(token, position) {
      if (token.kind === 'id') return token.id < vocabularySize ? [token.id] : [];
      const key = keyOf(token.bytes);
      if (position === 'later') return later.get(key) ?? [];
      first ??= build(true);
      return first.get(key) ?? [];
    },
  };
}

function keyOf(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('latin1');
}
