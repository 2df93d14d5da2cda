import type { TextPosition } from './token-decoders.js';
import type { Tokenizer } from './tokenizer.js';

/** Converts token ids to text incrementally. */
export interface Detokenizer {
  /** The text that is final after this token id. Empty while a character is incomplete. */
  push(id: number): string;
  /** The remaining text. Do not use the detokenizer afterwards. */
  end(): string;
}

/**
 * The concatenated output equals Hugging Face's `decode(ids, skip_special_tokens=True)`. At position `middle` it equals
 * the text that these token ids add to the decoded whole.
 */
export function createDetokenizer(
  tokenizer: Tokenizer,
  position: TextPosition = 'start',
): Detokenizer {
  const decoder = tokenizer.decoder.start(position);
  return {
    push(id) {
      const piece = tokenizer.pieceOf(id);
      if (piece === undefined || tokenizer.specialIds.has(id)) return '';
      return decoder.push(piece).join('');
    },
    end: () => decoder.end().join(''),
  };
}

/** A token decoded by itself. */
interface TokenText {
  /** Control tokens by their content. A byte of an incomplete character is U+FFFD. */
  readonly text: string;
  /** UTF-8. Concatenated over an answer, they are the bytes of its text. */
  readonly bytes: readonly number[];
}

/**
 * Decodes one token id.
 *
 * @param isFirst whether the token is the first of a text, where the space before the first word is dropped
 */
export function tokenText(id: number, isFirst: boolean, tokenizer: Tokenizer): TokenText {
  const piece = tokenizer.pieceOf(id) ?? '';
  if (tokenizer.specialIds.has(id)) return { text: piece, bytes: [...Buffer.from(piece)] };
  const bytes = tokenizer.decoder.bytesOf(piece);
  if (bytes) return { text: Buffer.from(bytes).toString('utf8'), bytes };
  const decoder = tokenizer.decoder.start(isFirst ? 'start' : 'middle');
  const text = [...decoder.push(piece), ...decoder.end()].join('');
  return { text, bytes: [...Buffer.from(text)] };
}
