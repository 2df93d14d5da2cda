import { readFile } from 'node:fs/promises';

import { createDetokenizer } from './detokenizer.js';
import { TaintedText } from './tainted-text.js';
import { loadTokenizer } from './tokenizer.js';

const FIXTURE = 'test/golden/tokenizer';

interface Golden {
  texts: { ids: number[]; decoded: string }[];
  decodings: { ids: number[]; decoded: string }[];
}

const golden = JSON.parse(await readFile(`${FIXTURE}/golden.json`, 'utf8')) as Golden;
const tokenizer = await loadTokenizer(FIXTURE, null);

function decodeInPieces(ids: readonly number[]): string[] {
  const detokenizer = createDetokenizer(tokenizer);
  return [...ids.map((id) => detokenizer.push(id)), detokenizer.end()];
}

describe('createDetokenizer', () => {
  it.each(
    golden.texts.map(
      ({ ids, decoded }) => [JSON.stringify(decoded).slice(0, 60), ids, decoded] as const,
    ),
  )('gives back %s', (_, ids, decoded) => {
    expect(decodeInPieces(ids).join('')).toBe(decoded);
  });

  it.each(golden.decodings.map(({ ids, decoded }) => [ids.join(' '), ids, decoded] as const))(
    'decodes %s as Hugging Face does',
    (_, ids, decoded) => {
      expect(decodeInPieces(ids).join('')).toBe(decoded);
    },
  );

  it('never splits a character', () => {
    for (const { ids } of golden.texts) {
      for (const piece of decodeInPieces(ids)) expect(Buffer.from(piece).toString()).toBe(piece);
    }
  });

  it('returns text as soon as a word is final', () => {
    const ids = tokenizer.encode(TaintedText.fromUser('Què hi ha? 😀a'));
    const pieces = decodeInPieces(ids);

    expect(pieces[0]).not.toBe('');
    expect(pieces.at(-2)).toBe('😀a');
    expect(pieces.at(-1)).toBe('');
  });

  it('returns no text for an empty answer', () => {
    expect(decodeInPieces([])).toEqual(['']);
    expect(decodeInPieces([2])).toEqual(['', '']);
  });

  it('keeps the space before the first word at position middle', () => {
    const detokenizer = createDetokenizer(tokenizer, 'middle');

    expect(tokenizer.pieceOf(546)).toBe("▁l'i");
    expect(detokenizer.push(546)).toBe(" l'i");
    expect(createDetokenizer(tokenizer).push(546)).toBe("l'i");
  });
});
