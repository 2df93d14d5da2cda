import { IMAGE_OPENINGS } from './image-openings.js';

/**
 * Characters of an alternative text. WCAG gives no number; accessibility guides advise 100 to 160. A screen reader
 * reads it without a way to pause, so that more belongs into a description.
 */
export const ALTERNATIVE_TEXT_CHARACTERS = { aimed: 125, warned: 160, refused: 250 } as const;

/**
 * How an alternative text is at odds with the rules.
 *
 * - `long`: more than 160 characters; `too_long`: more than 250.
 * - `image_of`: begins by saying that it is a picture, which a screen reader says already.
 * - `no_full_stop`: does not end a sentence, so that a screen reader goes on without a pause.
 */
export type AlternativeTextFault = 'long' | 'too_long' | 'image_of' | 'no_full_stop';

/** @param language code of the text. */
export function checkAlternativeText(text: string, language: string): AlternativeTextFault[] {
  const length = Array.from(text.trim()).length;
  const { warned, refused } = ALTERNATIVE_TEXT_CHARACTERS;
  return [
    ...(length > refused ? (['too_long'] as const) : length > warned ? (['long'] as const) : []),
    ...(saysImageOf(text, language) ? (['image_of'] as const) : []),
    ...(endsSentence(text) ? [] : (['no_full_stop'] as const)),
  ];
}

/** Full stop, exclamation and question mark, ellipsis, also before closing quotation marks and brackets. */
const SENTENCE_END = /[.!?\u2026;\u037e][\p{Pf}\p{Pe}"'\u00bb\u00ab\u201c\u201d]*\s*$/u;

/** All 35 languages use a full stop. The Greek question mark looks like a semicolon. */
function endsSentence(text: string): boolean {
  return text.trim() === '' || SENTENCE_END.test(text);
}

const openings = new Map(
  Object.entries(IMAGE_OPENINGS).map(([language, source]) => [
    language,
    // A word ends where no letter follows; one that ends in an apostrophe has its noun behind it.
    new RegExp(`^[^\\p{L}]*(?:${source})(?:(?<=['\u2019])|(?!\\p{L}))`, 'iu'),
  ]),
);

function saysImageOf(text: string, language: string): boolean {
  return openings.get(language)?.test(text.normalize('NFC')) ?? false;
}
