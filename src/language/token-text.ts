import { BYTE_PIECE } from './detokenizer.js';
import type { Tokenizer } from './tokenizer.js';

/** What one id stands for by itself. */
interface TokenText {
  /** Control tokens as they are written; a byte that is part of a character as U+FFFD. */
  readonly text: string;
  /** UTF-8. The bytes of an answer's ids, one after another, are those of its text. */
  readonly bytes: readonly number[];
}

/**
 * The text and the bytes of an id.
 *
 * @param isFirst at the start of a text, where the decoder drops the space that stands before a word
 */
export function tokenText(id: number, isFirst: boolean, tokenizer: Tokenizer): TokenText {
  const piece = tokenizer.pieceOf(id) ?? '';
  if (tokenizer.controlIds.has(id)) return { text: piece, bytes: [...Buffer.from(piece)] };
  const byte = BYTE_PIECE.exec(piece);
  if (byte) {
    const bytes = [Number.parseInt(byte[1] ?? '', 16)];
    return { text: Buffer.from(bytes).toString('utf8'), bytes };
  }
  const { replacements, leadingSpaces } = tokenizer.decoding;
  let text = replacements.reduce((made, { from, to }) => made.replaceAll(from, to), piece);
  for (let cut = 0; isFirst && cut < leadingSpaces && text.startsWith(' '); cut++) {
    text = text.slice(1);
  }
  return { text, bytes: [...Buffer.from(text)] };
}
