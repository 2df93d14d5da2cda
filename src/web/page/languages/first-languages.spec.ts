import { firstLanguage, firstLanguages } from './first-languages.js';

const KNOWN = ['ca', 'en', 'es', 'no', 'sh', 'sr'].map((code) => ({
  code,
  name: code,
  english_name: code,
}));

describe('firstLanguage', () => {
  it.each([
    [['ca-ES', 'es', 'en'], 'ca'],
    [['ja', 'es-419'], 'es'],
    [['nb-NO'], 'no'],
    [['sr-Latn-RS'], 'sh'],
    [['sr-RS'], 'sr'],
    [['ja', 'zh-Hant'], 'en'],
    [[], 'en'],
  ])('for %j is %s', (tags, code) => {
    expect(firstLanguage(tags, KNOWN)).toBe(code);
  });
});

describe('firstLanguages', () => {
  it('are those of the last time, without what the model does not know', () => {
    expect(firstLanguages(['es', 'tlh', 'ca'], ['en'], KNOWN)).toEqual(['es', 'ca']);
  });

  it('are one of the browser where nothing is left', () => {
    expect(firstLanguages(['tlh'], ['ca'], KNOWN)).toEqual(['ca']);
  });
});
