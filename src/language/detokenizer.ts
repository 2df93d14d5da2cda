import type { Tokenizer } from './tokenizer.js';

/** Ids to text, one id at a time. */
export interface Detokenizer {
  /** The text that this id settles; empty while bytes of a character are still to come. */
  push(id: number): string;
  /** The text still held back. The detokenizer must not be used afterwards. */
  end(): string;
}

/** Where the ids stand: at the start of a text, which drops the space before its first word, or further on in one. */
export type TextPlace = 'start' | 'middle';

/** A piece that stands for one byte. */
export const BYTE_PIECE = /^<0x([0-9A-Fa-f]{2})>$/;

/**
 * Concatenated, the pushed texts and the end are exactly Hugging Face's `decode(ids, skip_special_tokens=True)`; in the
 * middle of a text, what such a decoding of all of it adds for these ids.
 * A run of byte pieces is held back until it ends: the reference decodes a run as a whole, and turns each of its bytes
 * into U+FFFD when the run is not valid UTF-8, so its first characters are not certain before its last byte is.
 */
export function createDetokenizer(tokenizer: Tokenizer, place: TextPlace = 'start'): Detokenizer {
  const { replacements, leadingSpaces } = tokenizer.decoding;
  let heldBytes: number[] = [];
  let spacesToCut = place === 'start' ? leadingSpaces : 0;

  const releaseBytes = (): string => {
    const text = decodeRun(heldBytes);
    heldBytes = [];
    return text;
  };
  const cutLeadingSpaces = (text: string): string => {
    if (spacesToCut === 0 || text === '') return text;
    let start = 0;
    while (start < spacesToCut && text[start] === ' ') start += 1;
    // Only spaces so far: the next text may begin with more of them.
    spacesToCut = start === text.length ? spacesToCut - start : 0;
    return text.slice(start);
  };

  return {
    push(id) {
      const piece = tokenizer.pieceOf(id);
      if (piece === undefined || tokenizer.controlIds.has(id)) return '';
      const byte = BYTE_PIECE.exec(piece);
      if (byte) {
        heldBytes.push(Number.parseInt(byte[1] ?? '', 16));
        return '';
      }
      const text = replacements.reduce((made, { from, to }) => made.replaceAll(from, to), piece);
      return cutLeadingSpaces(releaseBytes() + text);
    },
    end: () => cutLeadingSpaces(releaseBytes()),
  };
}

function decodeRun(bytes: readonly number[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes),
    );
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}

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
