import { tokenText } from './detokenizer.js';
import { TaintedText } from './tainted-text.js';
import { loadTokenizer } from './tokenizer.js';

const tokenizer = await loadTokenizer('test/golden/tokenizer', null);
const textOf = (id: number, isFirst = false) => tokenText(id, isFirst, tokenizer);

describe('tokenText', () => {
  it('keeps the space before a word, except at the start of a text', () => {
    const id = 546;

    expect(tokenizer.pieceOf(id)).toBe("▁l'i");
    expect(textOf(id)).toEqual({ text: " l'i", bytes: [32, 108, 39, 105] });
    expect(textOf(id, true)).toEqual({ text: "l'i", bytes: [108, 39, 105] });
  });

  it('returns bytes, and text only for complete characters', () => {
    // Token ids 8 to 263 are the byte tokens.
    expect(textOf(8 + 0x41)).toEqual({ text: 'A', bytes: [0x41] });
    expect(textOf(8 + 0xc3)).toEqual({ text: '\ufffd', bytes: [0xc3] });
  });

  it('returns control tokens literally, and no text outside the vocabulary', () => {
    expect(textOf(5)).toEqual({ text: '<|im_end|>', bytes: [...Buffer.from('<|im_end|>')] });
    expect(textOf(1_000_000)).toEqual({ text: '', bytes: [] });
  });

  it.each(['Què hi ha? 😀', 'Příliš žluťoučký kůň', '日本 a  b\n\tc'])(
    'gives the bytes of %s in pieces',
    (text) => {
      const bytes = tokenizer
        .encode(TaintedText.fromUser(text))
        .flatMap((id, index) => [...textOf(id, index === 0).bytes]);

      expect(Buffer.from(bytes).toString()).toBe(text);
    },
  );
});
