import type { Tokenizer } from './tokenizer.js';

/** Converts token ids to text incrementally. */
export interface Detokenizer {
  /** The text that is final after this token id. Empty while a run of byte tokens is incomplete. */
  push(id: number): string;
  /** The remaining text. Do not use the detokenizer afterwards. */
  end(): string;
}

/** `start` drops the space that SentencePiece adds before the first word of a text; `middle` continues a text. */
export type TextPosition = 'start' | 'middle';

/** A byte token (byte fallback): one byte of a character that is not in the vocabulary. */
const BYTE_PIECE = /^<0x([0-9A-Fa-f]{2})>$/;

/**
 * The concatenated output equals Hugging Face's `decode(ids, skip_special_tokens=True)`. At position `middle` it equals
 * the text that these token ids add to the decoded whole.
 *
 * A run of byte tokens is buffered until it ends. The reference decodes a run as a whole and replaces each byte by
 * U+FFFD if the run is not valid UTF-8, so its first character depends on its last byte.
 */
export function createDetokenizer(
  tokenizer: Tokenizer,
  position: TextPosition = 'start',
): Detokenizer {
  const { replacements, leadingSpaces } = tokenizer.decoding;
  let pendingBytes: number[] = [];
  let spacesToDrop = position === 'start' ? leadingSpaces : 0;

  const flushBytes = (): string => {
    const text = decodeByteRun(pendingBytes);
    pendingBytes = [];
    return text;
  };
  const dropLeadingSpaces = (text: string): string => {
    if (spacesToDrop === 0 || text === '') return text;
    let start = 0;
    while (start < spacesToDrop && text[start] === ' ') start += 1;
    // If the text is all spaces, the next one may start with further spaces.
    spacesToDrop = start === text.length ? spacesToDrop - start : 0;
    return text.slice(start);
  };

  return {
    push(id) {
      const piece = tokenizer.pieceOf(id);
      if (piece === undefined || tokenizer.controlIds.has(id)) return '';
      const byte = BYTE_PIECE.exec(piece);
      if (byte) {
        pendingBytes.push(Number.parseInt(byte[1] ?? '', 16));
        return '';
      }
      const text = replacements.reduce(
        (replaced, { from, to }) => replaced.replaceAll(from, to),
        piece,
      );
      return dropLeadingSpaces(flushBytes() + text);
    },
    end: () => dropLeadingSpaces(flushBytes()),
  };
}

function decodeByteRun(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes),
    );
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
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
  if (tokenizer.controlIds.has(id)) return { text: piece, bytes: [...Buffer.from(piece)] };
  const byte = BYTE_PIECE.exec(piece);
  if (byte) {
    const bytes = [Number.parseInt(byte[1] ?? '', 16)];
    return { text: Buffer.from(bytes).toString('utf8'), bytes };
  }
  const { replacements, leadingSpaces } = tokenizer.decoding;
  let text = replacements.reduce((replaced, { from, to }) => replaced.replaceAll(from, to), piece);
  for (let dropped = 0; isFirst && dropped < leadingSpaces && text.startsWith(' '); dropped++) {
    text = text.slice(1);
  }
  return { text, bytes: [...Buffer.from(text)] };
}
