import { LANGUAGES } from '../../src/language/languages.js';
import type { ModelDescription } from '../../src/engine/vision-language-engine.js';
import { type Mistake, DETAILS } from './measure.js';
import type { Score, Tally } from './tally.js';
import { TASK_KINDS } from './world.js';

/** One line of the table of what the model must reach. */
export interface Row {
  readonly what: string;
  /** Share, or difference of shares: 0.95 is 95 %, or 95 points. */
  readonly value: number;
  readonly atLeast: number;
  readonly isReached: boolean;
  /** How many answers stand behind the value. */
  readonly answers: number;
}

export interface Report {
  readonly model: Pick<ModelDescription, 'id' | 'name' | 'revision' | 'precision'>;
  readonly scenes: { readonly world: number; readonly smallObjects: number };
  readonly minutes: number;
  readonly rows: readonly Row[];
  readonly namesByObjectCount: Readonly<Record<string, Score>>;
  readonly exactByKind: Readonly<Record<string, Score>>;
  readonly smallObjects: Readonly<Record<string, Score & { readonly meanVisualTokens: number }>>;
  /** By language code: answers in the language asked for, and answers exactly as taught. */
  readonly languages: Readonly<Record<string, { inLanguage: Score; exact: Score }>>;
  /** The first wrong answers, so that the numbers can be judged. */
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

const MISTAKES_SHOWN = 60;

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
    rows: createRows(tally, languages),
    namesByObjectCount: pick(['1', '2', '3', '4'], (count) => tally.score(`names/${count}`)),
    exactByKind: pick(TASK_KINDS, (kind) => tally.score(`exact/${kind}`)),
    smallObjects: pick(DETAILS, (detail) => ({
      ...tally.score(`small/${detail}`),
      meanVisualTokens: Math.round(meanVisualTokens[detail] ?? 0),
    })),
    languages,
    mistakes: measured.mistakes.slice(0, MISTAKES_SHOWN),
  };
}

function pick<T>(keys: readonly string[], valueOf: (key: string) => T): Record<string, T> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)]));
}

function createRows(tally: Tally, languages: Report['languages']): Row[] {
  const row = (what: string, score: Score, atLeast: number): Row => ({
    what,
    value: score.share,
    atLeast,
    isReached: score.share >= atLeast,
    answers: score.of,
  });
  const base = tally.score('small/low');
  const gain = (detail: string): Row => {
    const { share, of } = tally.score(`small/${detail}`);
    const value = share - base.share;
    const what = `small objects in large pictures: detail ${detail} minus base tile only, in points`;
    return { what, value, atLeast: 0.2, isReached: value >= 0.2, answers: of };
  };
  const weakest = Object.values(languages)
    .map(({ inLanguage }) => inLanguage)
    .reduce((one, other) => (other.share < one.share ? other : one));
  return [
    row('1-2 objects: all names right, in the language asked for', tally.score('names/few'), 0.95),
    row('3-4 objects: all names right, in the language asked for', tally.score('names/many'), 0.85),
    row('left / right / count / yes-no questions right', tally.score('questions'), 0.95),
    gain('auto'),
    gain('high'),
    row('answer in the language asked for, weakest of the 35 languages', weakest, 0.99),
  ];
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
    `${model.name}, ${model.precision}, ${scenes.world} held-out scenes and ${scenes.smallObjects} large pictures, ${report.minutes} minutes`,
    '',
    ...rows.map(
      ({ what, value, atLeast, isReached }) =>
        `${isReached ? '✓' : '✗'} ${percent(value)}  (at least ${percent(atLeast).trim()})  ${what}`,
    ),
    '',
    'All names right, by number of objects',
    ...table(report.namesByObjectCount),
    'Exact match, by kind',
    ...table(report.exactByKind),
    'Small objects, by detail',
    ...table(report.smallObjects),
    'By language',
    ...languages,
  ].join('\n');
}
