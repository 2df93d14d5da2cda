import { orderLanguages } from './order-languages.js';

const LANGUAGES = [
  { code: 'bg', name: 'български', english_name: 'Bulgarian' },
  { code: 'cs', name: 'čeština', english_name: 'Czech' },
  { code: 'cy', name: 'Cymraeg', english_name: 'Welsh' },
  { code: 'da', name: 'dansk', english_name: 'Danish' },
  { code: 'eu', name: 'euskara', english_name: 'Basque' },
];

const codesOf = (favourites: readonly string[]) => {
  const ordered = orderLanguages(LANGUAGES, favourites);
  return [ordered.favourites, ordered.others].map((list) => list.map(({ code }) => code));
};

describe('orderLanguages', () => {
  it('goes by own names, accents and case aside, other alphabets last', () => {
    expect(codesOf([])).toEqual([[], ['cs', 'cy', 'da', 'eu', 'bg']]);
  });

  it('takes favourites out, and no notice of those that are not there', () => {
    expect(codesOf(['eu', 'tlh', 'bg'])).toEqual([
      ['eu', 'bg'],
      ['cs', 'cy', 'da'],
    ]);
  });
});
