import { defaultLanguage, defaultLanguages } from './default-languages.js';

const KNOWN = ['ca', 'en', 'es', 'no', 'sh', 'sr'].map((code) => ({
  code,
  name: code,
  english_name: code,
}));

describe('defaultLanguage', () => {
  it.each([
    [['ca-ES', 'es', 'en'], 'ca'],
    [['ja', 'es-419'], 'es'],
    [['nb-NO'], 'no'],
    [['sr-Latn-RS'], 'sh'],
    [['sr-RS'], 'sr'],
    [['ja', 'zh-Hant'], 'en'],
    [[], 'en'],
  ])('for %j is %s', (tags, code) => {
    expect(defaultLanguage(tags, KNOWN)).toBe(code);
  });

  it('is one that the model offers, even if that is not English', () => {
    const offered = KNOWN.filter(({ code }) => code === 'es' || code === 'no');
    expect(defaultLanguage(['ca'], offered)).toBe('es');
  });
});

describe('defaultLanguages', () => {
  it('keeps the remembered languages that the model offers', () => {
    expect(defaultLanguages(['es', 'tlh', 'ca'], ['en'], KNOWN)).toEqual(['es', 'ca']);
  });

  it('falls back to a language of the browser', () => {
    expect(defaultLanguages(['tlh'], ['ca'], KNOWN)).toEqual(['ca']);
  });
});
