import { LANGUAGES } from '../../src/language/languages.js';
import { SIZE_BANDS } from './scenes.js';
import { type Score, type Tally } from './tally.js';

/** A row of the table of results and targets. */
export interface Row {
  readonly what: string;
  /** A share, or a difference of shares: 0.95 is 95 % or 95 percentage points. */
  readonly value: number;
  /** Null if the row has no target. */
  readonly atLeast: number | null;
  readonly isReached: boolean;
  /** The number of answers. */
  readonly answers: number;
}

/** The rows, their counters and targets. Follow-up questions have the target of first questions. */
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

/** The target gain from tiling over the base tile alone, as a difference of shares. */
const GAIN_AT_LEAST = 0.2;

/** The rows of all tasks that were run. Encoded videos have none if ffmpeg is missing. */
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
    // The only size band of the first four editions of the model. The base tile alone is enough for most of these
    // objects, so the gain is smallest here. A row of its own shows it beside the other bands.
    ...['auto', 'high'].map(gain(largest.name, `small/${largest.name}`)),
    row(
      'answer in the language asked for, over all tasks, weakest of the 35 languages',
      weakest,
      IN_LANGUAGE_AT_LEAST,
    ),
  ].filter(({ answers }) => answers > 0);
}
