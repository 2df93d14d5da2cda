/**
 * The characters that byte-level tokenizers use for bytes (GPT-2): printable Latin-1 characters stand for themselves,
 * the other bytes for U+0100 and following.
 */
const CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(isPrintable ? byte : next++);
  });
})();

const BYTES: ReadonlyMap<string, number> = new Map(
  CHARACTERS.map((character, byte) => [character, byte]),
);

/** Spells the UTF-8 bytes of a text as characters. */
export function toByteLevel(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => CHARACTERS[byte]).join('');
}

/** The bytes that a piece spells. A piece with any other character, an added token, is its own UTF-8. */
export function fromByteLevel(piece: string): readonly number[] {
  const bytes: number[] = [];
  for (const character of piece) {
    const byte = BYTES.get(character);
    if (byte === undefined) return [...Buffer.from(piece, 'utf8')];
    bytes.push(byte);
  }
  return bytes;
}
