import { isUtf8 } from 'node:buffer';

/** One character of valid UTF-8 (RFC 3629, section 4), with each byte as a Latin-1 character. */
const CHARACTER =
  '[^\\x80-\\xff]|[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}' +
  '|\\xed[\\x80-\\x9f][\\x80-\\xbf]|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}' +
  '|\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}';
const TEXT_OR_BYTE = new RegExp(`(?<text>(?:${CHARACTER})+)|[^]`, 'g');

/** Characters that would break a line or reverse the text around them, and backslashes that look like an escape. */
const AMBIGUOUS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|\\(?=x[\dA-F]{2})/gu;
const ESCAPE = /\\x([\dA-F]{2})/g;

/**
 * The name or path of a file as text. Names on Linux are bytes: those that are not valid UTF-8 are written `\xE9`, and
 * so are control characters, such as a line feed. Different names give different texts, and `unescapeFileName` reverses
 * it.
 */
export function escapeFileName(name: Buffer): string {
  if (isUtf8(name)) return name.toString('utf8').replace(AMBIGUOUS, escapeCharacter);
  return name.toString('latin1').replace(TEXT_OR_BYTE, (bytes, text: string | undefined) => {
    if (text === undefined) return escapeBytes(Buffer.from(bytes, 'latin1'));
    return Buffer.from(text, 'latin1').toString('utf8').replace(AMBIGUOUS, escapeCharacter);
  });
}

/** The bytes of a name or path that `escapeFileName` wrote. */
export function unescapeFileName(text: string): Buffer {
  // `split` with a group returns text and hexadecimal digits in turn.
  const parts = text.split(ESCAPE);
  return Buffer.concat(parts.map((part, index) => Buffer.from(part, index % 2 ? 'hex' : 'utf8')));
}

function escapeCharacter(character: string): string {
  return escapeBytes(Buffer.from(character));
}

function escapeBytes(bytes: Buffer): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(
    '',
  );
}
