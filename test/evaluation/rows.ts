import { LANGUAGES } from '../../src/language/languages.js';
import { SIZE_BANDS } from './scenes.js';
import { type Score, type Tally } from './tally.js';

/** One line of the table of what the model must reach. */
export interface Row {
  readonly what: string;
  /** Share, or difference of shares: 0.95 is 95 %, or 95 points. */
  readonly value: number;
  /** null where no aim was set: the row is there to be watched. */
  readonly atLeast: number | null;
  readonly isReached: boolean;
  /** How many answers stand behind the value. */
  readonly answers: number;
}

/** What is counted under each name, and the aim. Follow-up questions have that of the same questions asked first. */
const SHARES: readonly (readonly [what: string, name: string, atLeast: number | null])[] = [
  ['1-2 objects: all names right, in the language asked for', 'names/few', 0.95],
  ['3-4 objects: all names right, in the language asked for', 'names/many', 0.85],
  ['left / right / count / yes-no questions right', 'questions', 0.95],
  ['clips: moving direction right', 'clips/direction', 0.9],
  ['clips: entering and leaving told right', 'clips/in-or-out', null],
  ['clips: object named right, in the language asked for', 'clips/object', null],
  ['clips encoded as H.264 or VP9: the answer is right to the letter', 'clips/encoded', null],
  ['clips encoded as H.264 or VP9: the same answer as without a codec', 'clips/agreement', null],
  ['two pictures: same or different object told right', 'exact/compare', null],
  ['follow-up turns: left / right / count / yes-no questions right', 'follow-ups/questions', 0.95],
  ['text alone: word repeated', 'exact/repeat', null],
  ['text alone: word translated', 'exact/translate', null],
];

const IN_LANGUAGE_AT_LEAST = 0.99;

/** Points that tiles must add to the base tile alone. */
const GAIN_AT_LEAST = 0.2;

/** The rows of everything that was asked: what was not (clips without ffmpeg) has none. */
export function createRows(tally: Tally): Row[] {
  const row = (what: string, score: Score, atLeast: number | null): Row => ({
    what,
    value: score.share,
    atLeast,
    isReached: atLeast === null || score.share >= atLeast,
    answers: score.of,
  });
  const gain = (sizes: string, under: string) => (detail: string) => {
    const [base, score] = [tally.score(`${under}/low`), tally.score(`${under}/${detail}`)];
    const what = `small objects, ${sizes} of the longer side: detail ${detail} minus base tile only, in points`;
    return row(what, { ...score, share: score.share - base.share }, GAIN_AT_LEAST);
  };
  const [largest] = SIZE_BANDS;
  const weakest = LANGUAGES.map(({ code }) => tally.score(`language/${code}`)).reduce(
    (one, other) => (other.share < one.share ? other : one),
  );
  return [
    ...SHARES.map(([what, name, atLeast]) => row(what, tally.score(name), atLeast)),
    ...['auto', 'high'].map(gain('1/18 to 1/7', 'small')),
    // The only sizes that the first four editions were measured on. The base tile names most of these objects by
    // itself, so there is least to gain; that the others are measured too shall not hide it.
    ...['auto', 'high'].map(gain(largest.name, `small/${largest.name}`)),
    row(
      'answer in the language asked for, over all tasks, weakest of the 35 languages',
      weakest,
      IN_LANGUAGE_AT_LEAST,
    ),
  ].filter(({ answers }) => answers > 0);
}
