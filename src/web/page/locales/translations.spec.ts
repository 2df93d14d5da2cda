import { ERROR_CODES } from '../../../errors/salamandra-error.js';
import { ca } from './ca.js';
import { en, type Messages } from './en.js';
import { es } from './es.js';
import { eu } from './eu.js';
import { gl } from './gl.js';

/** The texts of a language by their path. Functions are called with each set of arguments. */
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

/** Numbers with distinct plural forms. Functions that take names get them too. */
const argumentsOf = (count: number): readonly (readonly number[])[] =>
  count === 1
    ? [[0], [1], [2], [7]]
    : [
        [1, 1],
        [7, 7],
        [7, 8],
      ];

const english = listTexts(en);

/** Paths of texts that equal the English ones, because the words are the same. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  es: ['errors.amounts.tokens', 'header.documentation', 'report.prefill', 'report.tokensTitle'],
  ca: [
    ...['ask.model', 'captions.granularities.interval', 'errors.amounts.tokens'],
    ...['header.documentation', 'report.model', 'report.prefill', 'report.tokensOfText'],
    'report.tokensTitle',
  ],
  eu: [],
  gl: ['errors.amounts.tokens', 'header.documentation', 'report.prefill', 'report.tokensTitle'],
};

it.each(Object.keys(en.errors.byCode))('%s is an error code of the service', (code) => {
  expect(ERROR_CODES).toContain(code);
});

describe.each(Object.entries({ es, ca, eu, gl }))('the locale %s', (code, messages) => {
  const translated = listTexts(messages);

  it('has the texts of the English locale and no others', () => {
    expect([...translated.keys()]).toEqual([...english.keys()]);
  });

  it('has no empty texts and no surrounding spaces', () => {
    for (const text of translated.values()) expect(text).toMatch(/^\S(.*\S)?$/);
  });

  it('has no English texts', () => {
    const same = [...translated]
      // Numbers and symbols are equal in all languages.
      .filter(([path, text]) => text === english.get(path) && /[a-z]{2}/i.test(text))
      .map(([path]) => path.replace(/\(.*/, ''));
    expect([...new Set(same)].sort()).toEqual([...(SHARED[code] ?? [])].sort());
  });

  it('uses every argument', () => {
    const numbers = (text: string) => text.match(/\d+/g)?.sort() ?? [];
    const differing = [...translated].filter(
      ([path, text]) =>
        path.endsWith(')') &&
        path.includes('7') &&
        String(numbers(text)) !== String(numbers(english.get(path) ?? '')),
    );
    expect(differing).toEqual([]);
  });

  it('inserts value and limit into the same error texts', () => {
    const withFacts = (texts: Messages['errors']['byCode']) =>
      Object.keys(texts).filter((key) => texts[key]?.includes('{facts}'));
    expect(withFacts(messages.errors.byCode)).toEqual(withFacts(en.errors.byCode));
  });
});

it('has singular and plural forms in every language', () => {
  const counts = [es, ca, eu, gl].map(({ languages, ask, report }) => [
    ...[languages.chosen(1), languages.chosen(2), ask.about(1), ask.about(3)],
    ...[report.frames(1, 1), report.tiles(1), report.tiles(2), report.tiles(5)],
  ]);
  expect(counts).toEqual([
    [
      ...['1 idioma', '2 idiomas', 'Sobre 1 archivo', 'Sobre 3 archivos', '1 fotograma'],
      '1 tesela: la imagen completa',
      '2 teselas: la imagen completa y 1 sección',
      '5 teselas: la imagen completa y 4 secciones',
    ],
    [
      ...['1 llengua', '2 llengües', 'Sobre 1 fitxer', 'Sobre 3 fitxers', '1 fotograma'],
      '1 tessel·la: la imatge sencera',
      '2 tessel·les: la imatge sencera i 1 secció',
      '5 tessel·les: la imatge sencera i 4 seccions',
    ],
    [
      ...['Hizkuntza 1', '2 hizkuntza', 'Fitxategi bati buruz', '3 fitxategiri buruz'],
      ...['Fotograma 1', 'Tesela 1: irudi osoa', '2 tesela: irudi osoa eta atal 1'],
      '5 tesela: irudi osoa eta 4 atal',
    ],
    [
      ...['1 lingua', '2 linguas', 'Sobre 1 ficheiro', 'Sobre 3 ficheiros', '1 fotograma'],
      '1 tesela: a imaxe completa',
      '2 teselas: a imaxe completa e 1 sección',
      '5 teselas: a imaxe completa e 4 seccións',
    ],
  ]);
});
