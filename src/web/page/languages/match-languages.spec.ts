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
  it('finds by own name, by English name and by code', () => {
    expect(codesOf('eesti')).toEqual(['et']);
    expect(codesOf('greek')).toEqual(['el']);
    expect(codesOf('bg')).toEqual(['bg']);
  });

  it('takes no notice of accents on either side, nor of case', () => {
    expect(codesOf('ceS')).toEqual(['cs']);
    expect(codesOf('catalá')).toEqual(['ca']);
    expect(codesOf('ελληνικα')).toEqual(['el']);
    expect(codesOf('БЪЛГ')).toEqual(['bg']);
    expect(codesOf('bokmal')).toEqual(['no']);
  });

  it('puts the code first, then beginnings, then parts', () => {
    // Estonian begins with it; čeština and português hold it.
    expect(codesOf('es')).toEqual(['es', 'et', 'cs', 'pt']);
  });

  it('matches all for an empty query and none for what is no language', () => {
    expect(codesOf('  ')).toHaveLength(LANGUAGES.length);
    expect(codesOf('klingon')).toEqual([]);
  });
});
