import { orderLanguages } from './order-languages.js';

const LANGUAGES = [
  { code: 'bg', name: 'български', english_name: 'Bulgarian' },
  { code: 'cs', name: 'čeština', english_name: 'Czech' },
  { code: 'cy', name: 'Cymraeg', english_name: 'Welsh' },
  { code: 'da', name: 'dansk', english_name: 'Danish' },
  { code: 'eu', name: 'euskara', english_name: 'Basque' },
];

const codesOf = (favorites: readonly string[]) => {
  const ordered = orderLanguages(LANGUAGES, favorites);
  return [ordered.favorites, ordered.others].map((list) => list.map(({ code }) => code));
};

describe('orderLanguages', () => {
  it('sorts by own name, ignores accents and case, and puts other alphabets last', () => {
    expect(codesOf([])).toEqual([[], ['cs', 'cy', 'da', 'eu', 'bg']]);
  });

  it('separates favorites and ignores unknown ones', () => {
    expect(codesOf(['eu', 'tlh', 'bg'])).toEqual([
      ['eu', 'bg'],
      ['cs', 'cy', 'da'],
    ]);
  });
});
