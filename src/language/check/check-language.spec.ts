import { heldOutSentences } from '../../../models/language-check/udhr-texts.js';
import { LANGUAGES } from '../languages.js';
import { checkLanguage } from './check-language.js';

function check(text: string, code: string) {
  return checkLanguage(text, { code });
}

it('accepts sentences of all languages that the table was not trained on', () => {
  const counts = { ok: 0, other: 0, unknown: 0 };
  for (const language of LANGUAGES) {
    for (const text of heldOutSentences().get(language.code) ?? []) {
      counts[checkLanguage(text, language).result] += 1;
    }
  }

  console.log(`Held-out sentences of the UDHR: ${JSON.stringify(counts)}`);
  expect(counts.ok).toBeGreaterThan(800);
  expect(counts.other / (counts.ok + counts.other + counts.unknown)).toBeLessThan(0.01);
});

it('tells a text in another language, and which one it looks like', () => {
  expect(check('Two children are playing in the street.', 'ca')).toMatchObject({
    ...{ result: 'other', looksLike: 'en', isMixed: false },
  });
  expect(check('Un gos negre corre per la platja.', 'ca')).toMatchObject({
    ...{ result: 'ok', looksLike: 'ca', isMixed: false },
  });
});

it('lowers the score of a close relative, without calling it wrong', () => {
  const right = check('En gammel kvinne sitter på en benk foran kirken.', 'no');
  const relative = check('Ei gammal kvinne sit på ein benk framfor kyrkja.', 'no');

  expect(right.result).toBe('ok');
  expect(relative).toMatchObject({ result: 'ok', looksLike: 'nn' });
  expect(relative.score).toBeLessThan(right.score ?? 0);
});

it.each([
  ['Dues dones grans seuen en un banc davant de una church with a red door.', 'ca', 'en'],
  ['Ein Hund läuft am Strand mientras dos niños juegan al fútbol.', 'de', 'es'],
  ['house, bil, велосипед and palm', 'en', null],
])('finds the other language in %p', (text, asked, looksLike) => {
  expect(check(text, asked)).toMatchObject({
    ...{ result: 'other', isMixed: true },
    ...(looksLike !== null && { looksLike }),
  });
});

it.each([
  ['A black dog runs along the beach.', 'ru', 'other'],
  ['Черно куче тича по плажа.', 'en', 'other'],
  ['这是一只狗', 'en', 'other'],
  // A name.
  ['Coca-Cola', 'ru', 'unknown'],
  ['На плаката пише Coca-Cola.', 'bg', 'ok'],
])('checks the script of %p for %s: %s', (text, asked, result) => {
  expect(check(text, asked).result).toBe(result);
});

it('does not judge a word that other languages have too', () => {
  expect(check('dog', 'ca').result).toBe('unknown');
});

it.each(['', '3', '😀', '12 + 7 = 19', '\ud83d'])('judges no text without letters: %p', (text) => {
  expect(check(text, 'en')).toEqual({
    ...{ result: 'unknown', looksLike: null, isMixed: false, score: null },
  });
});

it('checks a text with half a surrogate pair, and a very long text', () => {
  expect(check('\ud83d A dog runs along the beach. \ude00', 'en').result).toBe('ok');
  expect(check('A dog runs along the beach. '.repeat(20_000), 'en').result).toBe('ok');
});
