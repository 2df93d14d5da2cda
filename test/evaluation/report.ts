import { LANGUAGES } from '../../src/language/languages.js';
import type { ModelDescription } from '../../src/engine/vision-language-engine.js';
import type { Mistake } from './count-answer.js';
import { DETAILS } from './measure-world.js';
import { type Row, createRows } from './rows.js';
import { SIZE_BANDS } from './scenes.js';
import type { Score, Tally } from './tally.js';
import { FURTHER_KINDS, MOTIONS, SCENE_KINDS } from './world.js';

export interface Report {
  readonly model: Pick<ModelDescription, 'id' | 'name' | 'revision' | 'precision'>;
  /** `smallObjects`: per size band. `words`: per language. `encodedClips`: of `clips`. */
  readonly scenes: Readonly<
    Record<
      'world' | 'smallObjects' | 'clips' | 'encodedClips' | 'pairs' | 'followUps' | 'words',
      number
    >
  >;
  readonly minutes: number;
  readonly rows: readonly Row[];
  readonly namesByObjectCount: Readonly<Record<string, Score>>;
  readonly exactByKind: Readonly<Record<string, Score>>;
  readonly smallObjects: Readonly<Record<string, Score & { readonly meanVisualTokens: number }>>;
  /** By size band, as a share of the image's longer side, then by detail. */
  readonly smallObjectsBySize: Readonly<Record<string, Readonly<Record<string, Score>>>>;
  /** Answers about videos with the right motion, by motion. */
  readonly motions: Readonly<Record<string, Score>>;
  /** Encoded videos with the same answer as without a codec, by format. */
  readonly codecAgreement: Readonly<Record<string, Score>>;
  /** Right answers about two images, by the right answer. */
  readonly comparisons: Readonly<Record<string, Score>>;
  readonly followUps: Readonly<Record<string, Score>>;
  /** By language code, without the large images: answers in the requested language, and exactly right answers. */
  readonly languages: Readonly<Record<string, { inLanguage: Score; exact: Score }>>;
  /** The first wrong answers of each kind, as samples. */
  readonly mistakes: readonly Mistake[];
}

export interface Measured {
  readonly model: ModelDescription;
  readonly tally: Tally;
  readonly scenes: Report['scenes'];
  readonly minutes: number;
  readonly meanVisualTokens: Readonly<Record<string, number>>;
  readonly mistakes: readonly Mistake[];
}

/** Wrong answers per kind in the report. */
const MISTAKES_SHOWN = 6;

export function createReport(measured: Measured): Report {
  const { tally, scenes, minutes, meanVisualTokens } = measured;
  const { id, name, revision, precision } = measured.model;
  const languages = Object.fromEntries(
    LANGUAGES.map(({ code }) => [
      code,
      { inLanguage: tally.score(`language/${code}`), exact: tally.score(`right/${code}`) },
    ]),
  );
  return {
    model: { id, name, revision, precision },
    scenes,
    minutes: Math.round(minutes * 10) / 10,
    rows: createRows(tally),
    namesByObjectCount: pick(['1', '2', '3', '4'], (count) => tally.score(`names/${count}`)),
    exactByKind: pick([...SCENE_KINDS, ...FURTHER_KINDS], (kind) => tally.score(`exact/${kind}`)),
    smallObjects: pick(DETAILS, (detail) => ({
      ...tally.score(`small/${detail}`),
      meanVisualTokens: Math.round(meanVisualTokens[detail] ?? 0),
    })),
    smallObjectsBySize: pick(
      SIZE_BANDS.map(({ name }) => name),
      (band) => pick(DETAILS, (detail) => tally.score(`small/${band}/${detail}`)),
    ),
    motions: pick(MOTIONS, (motion) => tally.score(`motion/${motion}`)),
    codecAgreement: tally.scoresUnder('agreement/'),
    comparisons: tally.scoresUnder('compare/'),
    followUps: tally.scoresUnder('follow-ups/'),
    languages,
    mistakes: chooseMistakes(measured.mistakes),
  };
}

/** Answers arrive in any order. Sorting gives the same report each time. */
function chooseMistakes(mistakes: readonly Mistake[]): Mistake[] {
  const ordered = mistakes.toSorted((one, other) => one.seed - other.seed);
  const kinds = [...new Set(ordered.map(({ kind }) => kind))].sort();
  return kinds.flatMap((kind) =>
    ordered.filter((one) => one.kind === kind).slice(0, MISTAKES_SHOWN),
  );
}

function pick<T>(keys: readonly string[], valueOf: (key: string) => T): Record<string, T> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)]));
}

/** The share at each detail, with its gain over the first detail in percentage points. */
function gains(
  scores: Readonly<Record<string, Score>>,
  percent: (share: number) => string,
): string {
  const [base] = Object.values(scores);
  return Object.entries(scores)
    .map(([detail, score]) => {
      const more = base === undefined || score === base ? '' : ` (${points(score, base)})`;
      return `${detail} ${percent(score.share).trim()}${more}`;
    })
    .join('   ');
}

function points(score: Score, base: Score): string {
  const difference = (score.share - base.share) * 100;
  return `${difference < 0 ? '' : '+'}${difference.toFixed(1)}`;
}

/** The report as text for a terminal. */
export function formatReport(report: Report): string {
  const { model, scenes, rows } = report;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(7);
  const table = (scores: Readonly<Record<string, Score>>): string[] =>
    Object.entries(scores).map(
      ([
        name,
        {
          share,
          of,
          interval: [low, high],
        },
      ]) =>
        `  ${name.padEnd(10)}${percent(share)}  of ${String(of).padStart(5)}  (95 %: ${percent(low).trim()} to ${percent(high).trim()})`,
    );
  const languages = Object.entries(report.languages).map(
    ([code, { inLanguage, exact }]) =>
      `  ${code.padEnd(4)}in language ${percent(inLanguage.share)} of ${String(inLanguage.of).padStart(4)}   exact ${percent(exact.share)} of ${String(exact.of).padStart(4)}`,
  );
  return [
    `${model.name}, ${model.precision}, ${report.minutes} minutes; held out: ${scenes.world} scenes, ${scenes.smallObjects} large pictures with objects of each of ${SIZE_BANDS.length} sizes,`,
    `${scenes.clips} clips (${scenes.encodedClips} of them encoded as well), ${scenes.pairs} pairs of pictures, ${scenes.followUps} scenes with earlier turns, ${scenes.words} words in each language`,
    '',
    ...rows.map(({ what, value, atLeast, isReached }) => {
      const aim = atLeast === null ? '(no aim set)     ' : `(at least ${percent(atLeast).trim()})`;
      const mark = atLeast === null ? '·' : isReached ? '✓' : '✗';
      return `${mark} ${percent(value)}  ${aim}  ${what}`;
    }),
    '',
    'All names right, by number of objects',
    ...table(report.namesByObjectCount),
    'Exact match, by kind',
    ...table(report.exactByKind),
    'Small objects, by detail',
    ...table(report.smallObjects),
    'Small objects, by size (share of the longer side) and detail',
    ...Object.entries(report.smallObjectsBySize).map(
      ([band, scores]) => `  ${band.padEnd(14)}${gains(scores, percent)}`,
    ),
    'What happens in clips',
    ...table(report.motions),
    'The same answer from an encoded clip',
    ...table(report.codecAgreement),
    'Two pictures',
    ...table(report.comparisons),
    'Follow-up turns',
    ...table(report.followUps),
    'By language',
    ...languages,
  ].join('\n');
}
