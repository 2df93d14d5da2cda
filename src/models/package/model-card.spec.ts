import { parseCardData, parseModelCard } from './model-card.js';

const card = (front: string) => `---\n${front}\n---\n\n# A model\n`;

describe('the licence of a model card', () => {
  it.each([
    ['license: apache-2.0', 'apache-2.0'],
    ['license: "mit"', 'mit'],
    ['license: [apache-2.0, mit]', 'apache-2.0'],
    ['license: other\nlicense_name: salamandra-research', 'salamandra-research'],
    ['license: other', 'other'],
    ['language: en', 'unknown'],
    ['license: "a\\nb"', 'unknown'],
    ['license: 3', 'unknown'],
    ['license: {', 'unknown'],
  ])('is read from %j: %s', (front, licence) => {
    expect(parseModelCard(card(front)).licence).toBe(licence);
  });

  it('is unknown without front matter', () => {
    expect(parseModelCard('# A model\n\nlicense: mit\n').licence).toBe('unknown');
    expect(parseModelCard('').licence).toBe('unknown');
  });
});

describe('the languages of a model card', () => {
  it.each([
    ['a block list', "language:\n- en\n- de\n- 'no'\n- es", ['de', 'en', 'es', 'no']],
    ['a list with a bare `no`', 'language:\n  - nb\n  - no', ['nb', 'no']],
    ['an inline list', 'language: [ca, es, "eu"]', ['ca', 'es', 'eu']],
    ['a single code', 'language: en', ['en']],
    ['codes of three letters', 'language: [cat, spa]', ['cat', 'spa']],
    ['tags with regions', 'language: [pt-PT, zh_Hans]', ['pt-pt', 'zh-hans']],
    ['duplicates', 'language: [en, EN]', ['en']],
    ['entries that are no codes', 'language: [en, code, 7, "", "a\\nb"]', ['en']],
  ])('are read from %s', (_, front, languages) => {
    expect(parseModelCard(card(front)).languages).toEqual(languages);
  });

  it.each([
    ['no entry', 'license: mit'],
    ['an empty list', 'language: []'],
    ['`multilingual`', 'language:\n- multilingual\n- en'],
    ['names only', 'language: [English, Catalan]'],
    ['malformed YAML', 'language: [en'],
  ])('are unknown with %s', (_, front) => {
    expect(parseModelCard(card(front)).languages).toBeNull();
  });

  it('expands no aliases without end', () => {
    const bomb = ['a: &a [x, x]', 'b: &b [*a, *a]', 'c: &c [*b, *b]'];
    for (let i = 0; i < 30; i++)
      bomb.push(`d${i}: &d${i} [${i === 0 ? '*c, *c' : `*d${i - 1}, *d${i - 1}`}]`);
    expect(parseModelCard(card(`${bomb.join('\n')}\nlanguage: *d29`)).languages).toBeNull();
  });
});

describe('parseCardData', () => {
  it.each([[null], [undefined], ['text'], [[]], [{ license: {}, language: {} }]])(
    'takes %j for an empty card',
    (data) => {
      expect(parseCardData(data)).toEqual({ licence: 'unknown', languages: null });
    },
  );
});
