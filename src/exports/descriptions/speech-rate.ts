/**
 * Words per second at which a description is spoken: 14.5 characters per second, as is usual for audio description,
 * divided by the mean length of a word in running text with its space. Rounded estimates; languages with long words
 * have fewer.
 */
const WORDS_PER_SECOND: Readonly<Record<string, number>> = {
  ...{ bg: 2.3, ca: 2.6, cs: 2.2, cy: 2.6, da: 2.4, de: 2.1, el: 2.2, en: 2.5, es: 2.5, et: 1.9 },
  ...{
    eu: 1.9,
    fi: 1.7,
    fr: 2.5,
    ga: 2.5,
    gl: 2.5,
    hr: 2.2,
    hu: 2,
    it: 2.3,
    lt: 2,
    lv: 2,
    mt: 2.3,
  },
  ...{ nl: 2.3, nn: 2.4, no: 2.4, oc: 2.5, pl: 2, pt: 2.5, ro: 2.3, ru: 2.1, sh: 2.2, sk: 2.2 },
  ...{ sl: 2.3, sr: 2.2, sv: 2.3, uk: 2.1 },
};
const DEFAULT_RATE = 2;
/** Characters per second: a text of long words takes longer than its number of words tells. */
const CHARACTERS_PER_SECOND = 15;

export function wordsPerSecond(language: string): number {
  return WORDS_PER_SECOND[language] ?? DEFAULT_RATE;
}

/** Seconds that it takes to speak a text: the longer of the estimates by words and by characters. */
export function speechSeconds(text: string, language: string): number {
  const words = text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
  const characters = Array.from(text.trim()).length;
  return Math.max(words / wordsPerSecond(language), characters / CHARACTERS_PER_SECOND);
}
