import { matchLanguages } from './match-languages.js';

const LANGUAGES = [
  { code: 'bg', name: 'български', english_name: 'Bulgarian' },
  { code: 'ca', name: 'català', english_name: 'Catalan' },
  { code: 'cs', name: 'čeština', english_name: 'Czech' },
  { code: 'el', name: 'Ελληνικά', english_name: 'Greek' },
  { code: 'es', name: 'español', english_name: 'Spanish' },
  { code: 'et', name: 'eesti', english_name: 'Estonian' },
  { code: 'no', name: 'norsk bokmål', english_name: 'Norwegian Bokmål' },
  { code: 'pt', name: 'português', english_name: 'Portuguese' },
];

const codesOf = (query: string) => matchLanguages(LANGUAGES, query).map(({ code }) => code);

describe('matchLanguages', () => {
  it('matches the own name, the English name and the code', () => {
    expect(codesOf('eesti')).toEqual(['et']);
    expect(codesOf('greek')).toEqual(['el']);
    expect(codesOf('bg')).toEqual(['bg']);
  });

  it('ignores accents and case', () => {
    expect(codesOf('ceS')).toEqual(['cs']);
    expect(codesOf('catalá')).toEqual(['ca']);
    expect(codesOf('ελληνικα')).toEqual(['el']);
    expect(codesOf('БЪЛГ')).toEqual(['bg']);
    expect(codesOf('bokmal')).toEqual(['no']);
  });

  it('sorts by code, prefix and substring', () => {
    // "Estonian" has the prefix; "čeština" and "português" have the substring.
    expect(codesOf('es')).toEqual(['es', 'et', 'cs', 'pt']);
  });

  it('matches all languages for an empty query and none for an unknown one', () => {
    expect(codesOf('  ')).toHaveLength(LANGUAGES.length);
    expect(codesOf('klingon')).toEqual([]);
  });
});
