import { isLocaleCode, pickLocale } from './pick-locale.js';

it.each([
  [['ca-ES', 'es', 'en'], 'ca'],
  [['valencia'], 'ca'],
  [['ca-ES-valencia'], 'ca'],
  [['es-ES-valencia'], 'ca'],
  [['es-419'], 'es'],
  [['eu-ES'], 'eu'],
  [['gl_ES'], 'gl'],
  [['GL'], 'gl'],
  [['fr-FR', 'gl', 'en'], 'gl'],
  [['pt-BR', 'fr'], 'en'],
  [['est', 'europe'], 'en'],
  [[''], 'en'],
  [[], 'en'],
])('%j is served in %s', (tags, expected) => {
  expect(pickLocale(tags)).toBe(expected);
});

it('knows its own codes alone', () => {
  expect(['en', 'es', 'ca', 'eu', 'gl'].every(isLocaleCode)).toBe(true);
  expect([undefined, null, 'fr', 'toString', ['en']].some(isLocaleCode)).toBe(false);
});
