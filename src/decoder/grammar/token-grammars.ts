import { setImmediate } from 'node:timers/promises';

import { tokenText } from '../../language/detokenizer.js';
import type { Tokenizer } from '../../language/tokenizer.js';
import { type AnswerFormat, compileAnswerFormat } from './json-schema.js';
import {
  createTokenGrammar,
  indexVocabulary,
  type TokenBytes,
  type TokenGrammar,
  type VocabularyIndex,
} from './token-masks.js';

/** Compiles answer formats for the vocabulary of one model, and keeps the last ones. */
export interface TokenGrammars {
  /** @throws INVALID_PARAMETER for a schema that is not supported */
  compile(format: AnswerFormat): Promise<TokenGrammar>;
}

/** Archives ask with the same few schemas for every picture. */
const MAX_KEPT_GRAMMARS = 4;

/** Tokens that are decoded before other requests have their turn. */
const TOKENS_PER_TURN = 4096;

export function createTokenGrammars(
  tokenizer: Tokenizer,
  eosIds: readonly number[],
): TokenGrammars {
  let vocabulary: Promise<VocabularyIndex> | undefined;
  const kept = new Map<string, TokenGrammar>();
  return {
    async compile(format) {
      const key = JSON.stringify(format);
      const known = kept.get(key);
      if (known) return known;
      // The service checks schemas before it queues a request, so the name is for programs that use the engine.
      const automaton = compileAnswerFormat(format, 'answerFormat.schema');
      vocabulary ??= readTokenBytes(tokenizer).then(indexVocabulary);
      const grammar = createTokenGrammar(automaton, await vocabulary, eosIds);
      const [oldest] = kept.keys();
      if (kept.size >= MAX_KEPT_GRAMMARS && oldest !== undefined) kept.delete(oldest);
      kept.set(key, grammar);
      return grammar;
    },
  };
}

/** The tokens of a vocabulary inside a text. Control tokens have none. */
async function readTokenBytes(tokenizer: Tokenizer): Promise<TokenBytes> {
  const tokens: (Uint8Array | null)[] = [];
  const { controlIds, specialIds } = tokenizer;
  for (let id = 0; tokenizer.pieceOf(id) !== undefined; id++) {
    if (id % TOKENS_PER_TURN === 0) await setImmediate();
    const isControl = controlIds.has(id) || specialIds.has(id);
    tokens.push(isControl ? null : Uint8Array.from(tokenText(id, false, tokenizer).bytes));
  }
  return tokens;
}
