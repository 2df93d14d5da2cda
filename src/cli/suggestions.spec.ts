import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  chooseLanguages,
  isLanguageCode,
  parseLanguage,
  parseLanguages,
  unknownVariableWarnings,
} from './suggestions.js';

describe('unknownVariableWarnings', () => {
  it('names the most similar variable', () => {
    const env = { SALAMANDRA_PRECISON: 'int4', SALAMANDRA_HOME: '/x', PATH: '/bin' };

    expect(unknownVariableWarnings(env)).toEqual([
      expect.stringMatching(/SALAMANDRA_PRECISON .* Did you mean SALAMANDRA_PRECISION\?$/),
    ]);
  });

  it('suggests nothing for a name that is not similar to any', () => {
    const [warning] = unknownVariableWarnings({ SALAMANDRA_SOMETHING_ELSE: '1' });

    expect(warning).toMatch(/no effect\.$/);
  });

  it('knows every variable that the sources read', () => {
    const source = join(import.meta.dirname, '..');
    const names = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.spec)\.tsx?$/.test(name))
      .flatMap(
        (name) => readFileSync(join(source, name), 'utf8').match(/SALAMANDRA_[A-Z_]+[A-Z]/g) ?? [],
      );
    const env = Object.fromEntries(names.map((name) => [name, '']));

    expect(Object.keys(env).length).toBeGreaterThan(10);
    expect(unknownVariableWarnings(env)).toEqual([]);
  });
});

describe('parseLanguages', () => {
  it('parses codes separated by commas, each language once', () => {
    expect(parseLanguages('ca, pt-BR,ca')).toMatchObject([{ code: 'ca' }, { code: 'pt' }]);
  });
});

describe('chooseLanguages', () => {
  const offered = ['de', 'en', 'es'];

  it('takes all for the languages of the model', () => {
    const all = chooseLanguages(parseLanguages(' ALL'), offered);
    expect(all.map(({ code }) => code)).toEqual(offered);
  });

  it('keeps the order of the choice', () => {
    const chosen = chooseLanguages(parseLanguages('es,de'), offered);
    expect(chosen.map(({ code }) => code)).toEqual(['es', 'de']);
  });

  it('refuses a language that the model does not have', () => {
    expect(() => chooseLanguages(parseLanguages('es,ca'), offered)).toThrow(
      'The model has no Catalan (ca). Use one of its languages: de, en, es.',
    );
  });
});

describe('parseLanguage', () => {
  it.each([
    ['catalan', 'ca (Catalan)'],
    ['Català', 'ca (Catalan)'],
    ['spanich', 'es (Spanish)'],
  ])('suggests a code for %s', (name, suggestion) => {
    expect(() => parseLanguage(name)).toThrow(`Did you mean ${suggestion}?`);
  });

  it('lists the codes if no name is similar', () => {
    expect(() => parseLanguage('xx')).toThrow('Unknown language "xx". Use a code: bg, ca,');
  });
});

it('recognizes exact language codes only', () => {
  expect(['es', 'ES', 'spanish', 'es-ES'].map(isLanguageCode)).toEqual([true, false, false, false]);
});
