import { escapeFileName, unescapeFileName } from './file-names.js';

describe('escapeFileName', () => {
  it.each([
    ['plain', Buffer.from('àlbum/IMG 1.jpg'), 'àlbum/IMG 1.jpg'],
    [
      'Latin-1',
      Buffer.from('platja d’estiu caf\xe9.jpg', 'latin1'),
      'platja d\\x19estiu caf\\xE9.jpg',
    ],
    ['a line feed', Buffer.from('a\nb.jpg'), 'a\\x0Ab.jpg'],
    ['a bidirectional override', Buffer.from('a\u202Egpj.exe'), 'a\\xE2\\x80\\xAEgpj.exe'],
    ['an ordinary backslash', Buffer.from('a\\b.jpg'), 'a\\b.jpg'],
    ['what looks like an escape', Buffer.from('a\\xE9.jpg'), 'a\\x5CxE9.jpg'],
    ['UTF-8 beside an invalid byte', Buffer.from('c3a9ffc3a9', 'hex'), 'é\\xFFé'],
    ['an overlong sequence', Buffer.from('c0af', 'hex'), '\\xC0\\xAF'],
    ['a surrogate', Buffer.from('eda080', 'hex'), '\\xED\\xA0\\x80'],
    ['a character of four bytes', Buffer.from('f09f90a6ff', 'hex'), '🐦\\xFF'],
  ])('writes %s', (_, name, expected) => {
    expect(escapeFileName(name)).toBe(expected);
    expect(unescapeFileName(expected)).toEqual(name);
  });

  it('reverses every name of up to four bytes from a hostile alphabet', () => {
    const alphabet = [0x0a, 0x35, 0x43, 0x5c, 0x78, 0x80, 0xc3, 0xa9, 0xe2, 0xff];
    const texts = new Set<string>();
    let names: number[][] = [[]];
    let count = 0;
    for (let length = 1; length <= 4; length += 1) {
      names = names.flatMap((name) => alphabet.map((byte) => [...name, byte]));
      for (const name of names) {
        const text = escapeFileName(Buffer.from(name));
        expect(unescapeFileName(text).equals(Buffer.from(name))).toBe(true);
        texts.add(text);
        count += 1;
      }
    }
    expect(texts.size).toBe(count);
  });
});
