import { ERROR_CODES } from '../../../errors/salamandra-error.js';
import { ca } from './ca.js';
import { en } from './en.js';
import { es } from './es.js';
import { eu } from './eu.js';
import { gl } from './gl.js';

/** The texts of a language by their path; functions as they answer each set of arguments. */
function listTexts(messages: object, parent = ''): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(messages) as [string, unknown][]) {
    const path = parent + key;
    if (typeof value === 'string') texts.set(path, value);
    else if (typeof value === 'function') {
      for (const args of argumentsOf(value.length)) {
        const text: unknown = Reflect.apply(value, undefined, args);
        texts.set(`${path}(${args.join(', ')})`, String(text));
      }
    } else for (const entry of listTexts(value as object, `${path}.`)) texts.set(...entry);
  }
  return texts;
}

/** Numbers that grammars tell apart; they stand for names as well. */
const argumentsOf = (count: number): readonly (readonly number[])[] =>
  count === 1
    ? [[0], [1], [2], [7]]
    : [
        [1, 1],
        [7, 7],
        [7, 8],
      ];

const english = listTexts(en);

/** Words that the language shares with English, and names. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  es: ['header.documentation', 'seen.tokensTitle'],
  ca: ['header.documentation', 'seen.tokensTitle', 'seen.textTokens', 'seen.model', 'ask.model'],
  eu: ['header.documentation'],
  gl: ['header.documentation', 'seen.tokensTitle'],
};

it.each(Object.keys(en.errors.byCode))('%s is a code of the service', (code) => {
  expect(ERROR_CODES).toContain(code);
});

describe.each(Object.entries({ es, ca, eu, gl }))('the page in %s', (code, messages) => {
  const translated = listTexts(messages);

  it('has every text that the English page has, and no other', () => {
    expect([...translated.keys()]).toEqual([...english.keys()]);
  });

  it('leaves nothing empty and no spaces at the ends', () => {
    for (const text of translated.values()) expect(text).toMatch(/^\S(.*\S)?$/);
  });

  it('says nothing in English', () => {
    const same = [...translated]
      // A number and its sign read the same everywhere.
      .filter(([path, text]) => text === english.get(path) && /[a-z]{2}/i.test(text))
      .map(([path]) => path.replace(/\(.*/, ''));
    expect([...new Set(same)].sort()).toEqual([...(SHARED[code] ?? [])].sort());
  });

  it('puts every number and name into its sentence', () => {
    const numbers = (text: string) => text.match(/\d+/g)?.sort() ?? [];
    const differing = [...translated].filter(
      ([path, text]) =>
        path.endsWith(')') &&
        path.includes('7') &&
        String(numbers(text)) !== String(numbers(english.get(path) ?? '')),
    );
    expect(differing).toEqual([]);
  });
});

it('tells one from many in every language', () => {
  const counts = [es, ca, eu, gl].map(({ languages, ask, seen }) => [
    languages.chosen(1),
    languages.chosen(2),
    ask.about(1),
    ask.about(3),
    seen.frames(1, 1),
    seen.tiles(1),
  ]);
  expect(counts).toEqual([
    [
      '1 idioma',
      '2 idiomas',
      'Sobre 1 archivo',
      'Sobre 3 archivos',
      '1 fotograma',
      '1 tesela: la imagen entera',
    ],
    [
      '1 llengua',
      '2 llengües',
      'Sobre 1 fitxer',
      'Sobre 3 fitxers',
      '1 fotograma',
      '1 tessel·la: la imatge sencera',
    ],
    [
      'Hizkuntza 1',
      '2 hizkuntza',
      'Fitxategi bati buruz',
      '3 fitxategiri buruz',
      'Fotograma 1',
      'Tesela 1: irudi osoa',
    ],
    [
      '1 lingua',
      '2 linguas',
      'Sobre 1 ficheiro',
      'Sobre 3 ficheiros',
      '1 fotograma',
      '1 tesela: a imaxe enteira',
    ],
  ]);
});
