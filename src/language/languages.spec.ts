import {
  captionInstruction,
  videoInstruction,
  questionInstruction,
} from './caption-instructions.js';
import {
  CAPTION_KINDS,
  defaultLanguage,
  LANGUAGE_CODES,
  LANGUAGES,
  languageEntry,
  offeredLanguages,
  resolveLanguage,
} from './languages.js';

const CODES =
  'bg ca cs cy da de el en es et eu fi fr ga gl hr hu it lt lv mt nl nn no oc pl pt ro ru sh sk sl sr sv uk';

describe('LANGUAGES', () => {
  it('holds the 35 languages of the model family', () => {
    expect(LANGUAGES.map(({ code }) => code)).toEqual(CODES.split(' '));
    expect(new Set(LANGUAGES.map(({ name }) => name)).size).toBe(35);
    expect(new Set(LANGUAGES.map(({ englishName }) => englishName)).size).toBe(35);
  });

  it.each(LANGUAGES.map(({ code }) => code))('has every sentence in %s', (code) => {
    const entry = languageEntry(resolveLanguage(code));

    for (const sentence of [
      entry.answerIn,
      entry.and,
      ...Object.values(entry.instructions).flat(),
    ]) {
      expect(sentence).toMatch(/^\S(.*\S)?$/);
      expect(sentence).toBe(sentence.normalize('NFC'));
    }
    expect(entry.answerIn).toMatch(/[.!]$/);
    expect(Object.keys(entry.instructions)).toEqual([...CAPTION_KINDS, 'video']);
    for (const paraphrases of Object.values(entry.instructions)) {
      expect(paraphrases.length).toBeGreaterThanOrEqual(2);
      expect(new Set(paraphrases).size).toBe(paraphrases.length);
    }
  });

  it('has a distinct `answerIn` for every language', () => {
    const sentences = LANGUAGES.map((language) => languageEntry(language).answerIn);

    expect(new Set(sentences).size).toBe(35);
  });
});

describe('resolveLanguage', () => {
  it.each([
    ['ca', 'ca'],
    ['CA', 'ca'],
    ['pt-BR', 'pt'],
    ['de_AT', 'de'],
    ['ca-valencia', 'ca'],
    ['oc-aranes', 'oc'],
    ['nb', 'no'],
    ['nb-NO', 'no'],
    ['nn-NO', 'nn'],
    ['mo', 'ro'],
    ['hbs', 'sh'],
    ['sr', 'sr'],
    ['sr-Cyrl-RS', 'sr'],
    ['sr-Latn', 'sh'],
    ['sr_latn_RS', 'sh'],
    ['sh', 'sh'],
    ['cat', 'ca'],
    ['eus', 'eu'],
    ['baq', 'eu'],
    ['nob', 'no'],
    ['nor', 'no'],
    ['nno', 'nn'],
    ['srp-Latn', 'sh'],
    ['en-x', 'en'],
  ])('reads %s as %s', (tag, code) => {
    expect(resolveLanguage(tag).code).toBe(code);
  });

  it.each([
    '',
    'xx',
    'zh',
    'english',
    'e',
    'en-',
    '-en',
    'en--GB',
    'en GB',
    'constructor',
    '__proto__',
    'en\n',
  ])('rejects %j', (tag) => {
    expect(() => resolveLanguage(tag)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
    );
  });
});

describe('the languages of a model', () => {
  it('are all if the model does not say, or says others only', () => {
    expect(offeredLanguages(null)).toEqual(LANGUAGE_CODES);
    expect(offeredLanguages(['zh', 'ja'])).toEqual(LANGUAGE_CODES);
  });

  it('are those of its tags, in the order of the table', () => {
    const tags = ['spa', 'zh', 'pt-pt', 'en', 'nb', 'en-gb', 'hbs'];
    expect(offeredLanguages(tags)).toEqual(['en', 'es', 'no', 'pt', 'sh']);
  });

  it('are 29 of the 35 languages of EuroLLM', () => {
    const card =
      'en de es fr it pt pl nl tr sv cs el hu ro fi uk sl sk da lt lv et bg no ca hr ga mt gl zh ru ko ja ar hi';
    const offered = offeredLanguages(card.split(' '));
    expect(offered).toHaveLength(29);
    expect(LANGUAGE_CODES.filter((code) => !offered.includes(code))).toEqual([
      ...['cy', 'eu', 'nn', 'oc', 'sh', 'sr'],
    ]);
  });

  it('limit the requests, with an error that names them', () => {
    const offered = ['de', 'en', 'es', 'fr', 'it'];
    expect(resolveLanguage('spa', offered).code).toBe('es');
    expect(() => resolveLanguage('ca', offered)).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        message: 'The model has no Catalan (ca). Use one of its languages: de, en, es, fr, it.',
        details: { parameter: 'language', allowed: offered },
      }) as Error,
    );
    expect(() => resolveLanguage('zh', offered)).toThrow('Use one of: de, en, es, fr, it.');
  });

  it.each([
    [['de', 'en'], 'en'],
    [['de', 'fr'], 'de'],
  ])('of %j default to %s', (offered, code) => {
    expect(defaultLanguage(offered)).toBe(code);
  });
});

describe('instructions', () => {
  it('asks for a caption in the language, and names the language', () => {
    expect(captionInstruction('caption', resolveLanguage('ca'))).toBe(
      'Descriu breument la imatge. Respon en català.',
    );
    expect(captionInstruction('keywords', resolveLanguage('en'))).toBe(
      'Give keywords for the picture. Answer in English.',
    );
  });

  it('asks what happens in a video, and names the language', () => {
    expect(videoInstruction(resolveLanguage('ca'))).toBe('Què passa al clip? Respon en català.');
  });

  it('keeps the text of a question', () => {
    expect(questionInstruction('  Què és això? ', resolveLanguage('ca'))).toBe(
      '  Què és això?  Respon en català.',
    );
  });

  it('rejects a language that is not in the table', () => {
    const klingon = { code: 'tlh', name: 'tlhIngan Hol', englishName: 'Klingon' };

    expect(() => captionInstruction('alt', klingon)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
    );
  });
});
