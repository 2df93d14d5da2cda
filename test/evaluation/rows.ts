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
  ['Images with 1 or 2 objects: all names correct, in the requested language', 'names/few', 0.95],
  ['Images with 3 or 4 objects: all names correct, in the requested language', 'names/many', 0.85],
  ['Questions about left, right, count, yes or no: answer correct', 'questions', 0.95],
  ['Videos: direction of movement correct', 'clips/direction', 0.9],
  ['Videos: entering or leaving recognized', 'clips/in-or-out', null],
  ['Videos: object correct, in the requested language', 'clips/object', null],
  ['Videos encoded as H.264 or VP9: answer exactly correct', 'clips/encoded', null],
  [
    'Videos encoded as H.264 or VP9: same answer as for the frames without a codec',
    'clips/agreement',
    null,
  ],
  ['Two images: same or different object recognized', 'exact/compare', null],
  [
    'Follow-up questions (left, right, count, yes or no): answer correct',
    'follow-ups/questions',
    0.95,
  ],
  ['Text only: word repeated', 'exact/repeat', null],
  ['Text only: word translated', 'exact/translate', null],
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
    const what = `Small objects, ${sizes} of the longer side: gain of \`detail=${detail}\` over the base tile`;
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
      'Answer in the requested language, all tasks, weakest of the 35 languages',
      weakest,
      IN_LANGUAGE_AT_LEAST,
    ),
  ].filter(({ answers }) => answers > 0);
}
