import { checkLanguage, type LanguageCheck } from '../../src/language/check/check-language.js';
import { LANGUAGES, resolveLanguage } from '../../src/language/languages.js';
import { createRandom } from '../../src/decoder/sampling/random.js';

/** Texts by the code of their language. */
export type TextsByLanguage = ReadonlyMap<string, readonly string[]>;

/** A text, the language that was asked for, and the language that it is in, or that a part of it is in. */
interface CheckedText {
  readonly text: string;
  readonly asked: string;
  readonly foreign?: string;
}

/** A measured share and its target. */
export interface TrustRow {
  readonly name: string;
  readonly counts: Readonly<Record<LanguageCheck['result'], number>>;
  /** The texts that were judged wrongly, at most five. */
  readonly mistakes: readonly string[];
  readonly isReached: boolean;
}

interface Target {
  /** Right texts must not be `other`, texts in another language must not be `ok`. */
  readonly wrong: (check: LanguageCheck) => boolean;
  /** Largest share of wrong judgements. */
  readonly atMost: number;
}

const REFUSED: Target['wrong'] = ({ result }) => result === 'other';
const ACCEPTED: Target['wrong'] = ({ result }) => result === 'ok';
const NOT_FOUND: Target['wrong'] = ({ result }) => result !== 'other';

/** Languages that a model slips into. */
const COMMON = ['en', 'es', 'fr'];

/** Languages whose short texts are not told apart, as in the check. Repeated, so that a change there shows here. */
const FAMILIES = [
  ['da', 'nn', 'no', 'sv'],
  ['hr', 'sh', 'sl'],
  ['es', 'gl', 'pt'],
  ['ca', 'oc'],
  ['cs', 'sk'],
  ['bg', 'ru', 'sr', 'uk'],
];

const MIXED_TEXTS = 1_000;
/** Words of each half of a mixed text, at least. */
const MIN_HALF = 3;

/** Rows about texts of known language: right ones, those of other families, and mixed ones. */
export function measureLanguageCheck(name: string, texts: TextsByLanguage): TrustRow[] {
  const right = pairsOf(texts, (asked, language) => asked === language);
  const others = pairsOf(texts, areStrangers);
  const slips = others.filter(({ foreign = '' }) => COMMON.includes(foreign));
  return [
    measure(`${name}: right language`, right, { wrong: REFUSED, atMost: 0.03 }),
    measure(`${name}: other families`, others, { wrong: ACCEPTED, atMost: 0.01 }),
    measure(`${name}: English, Spanish, French`, slips, { wrong: ACCEPTED, atMost: 0.005 }),
    measure(`${name}: switching in the middle`, mix(texts), { wrong: NOT_FOUND, atMost: 0.1 }),
  ];
}

/** A row about texts that are in the language that was asked for. */
export function measureOwnTexts(name: string, texts: TextsByLanguage): TrustRow {
  const right = pairsOf(texts, (asked, language) => asked === language);
  return measure(name, right, { wrong: REFUSED, atMost: 0.01 });
}

/** One line per row: counts, share of mistakes, mistakes. */
export function formatRow({ name, counts, mistakes, isReached }: TrustRow): string {
  const { ok, other, unknown } = counts;
  const head = `${isReached ? 'reached' : 'MISSED '}  ${name}: ${ok + other + unknown} texts`;
  const examples = mistakes.map((mistake) => `\n           ${mistake}`).join('');
  return `${head}, ${ok} ok, ${other} other, ${unknown} unknown${examples}`;
}

function measure(name: string, texts: readonly CheckedText[], { wrong, atMost }: Target): TrustRow {
  const counts = { ok: 0, other: 0, unknown: 0 };
  const mistakes: string[] = [];
  for (const { text, asked, foreign } of texts) {
    const check = checkLanguage(text, resolveLanguage(asked));
    counts[check.result] += 1;
    if (wrong(check)) {
      mistakes.push(`${asked}${foreign === undefined ? '' : ` (${foreign})`}: ${text}`);
    }
  }
  const isReached = texts.length > 0 && mistakes.length / texts.length <= atMost;
  return { name, counts, mistakes: mistakes.slice(0, 5), isReached };
}

/** Every text, asked for in every language that `belongs`. */
function pairsOf(
  texts: TextsByLanguage,
  belongs: (asked: string, language: string) => boolean,
): CheckedText[] {
  return LANGUAGES.flatMap(({ code: asked }) =>
    [...texts]
      .filter(([language]) => belongs(asked, language))
      .flatMap(([language, list]) =>
        list.map((text) => ({ text, asked, ...(language !== asked && { foreign: language }) })),
      ),
  );
}

function areStrangers(left: string, right: string): boolean {
  const family = FAMILIES.find((codes) => codes.includes(left)) ?? [left];
  return !family.includes(right);
}

/** Texts that begin in one language and end in one of another family. */
function mix(texts: TextsByLanguage): CheckedText[] {
  const random = createRandom(21);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const all = [...texts].flatMap(([language, list]) =>
    list
      .map((text) => ({ language, words: text.split(' ') }))
      .filter(({ words }) => words.length >= 2 * MIN_HALF),
  );
  const mixed: CheckedText[] = [];
  while (mixed.length < MIXED_TEXTS) {
    const [left, right] = [pick(all), pick(all)];
    if (!areStrangers(left.language, right.language)) continue;
    const begin = left.words.slice(0, Math.ceil(left.words.length / 2));
    const end = right.words.slice(Math.floor(right.words.length / 2));
    const text = [...begin, ...end].join(' ');
    mixed.push({ text, asked: left.language, foreign: right.language });
  }
  return mixed;
}
