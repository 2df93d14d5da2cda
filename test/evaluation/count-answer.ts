import { hasSameObjects, parseAnswer } from './parse-answer.js';
import type { Tally } from './tally.js';
import type { Task } from './tasks.js';
import type { Motion } from './world.js';

/** A wrong answer for the samples of the report. */
export interface Mistake {
  readonly seed: number;
  readonly kind: string;
  readonly language: string;
  readonly expected: string;
  readonly got: string;
}

interface CountedAnswer {
  /** Whether it is the answer of the training data. */
  readonly isExact: boolean;
  /** Whether it is in the requested language and names exactly the right objects. */
  readonly isNamed: boolean;
  /** The motion that it names. */
  readonly motion: Motion | undefined;
  /** None or one. */
  readonly mistakes: Mistake[];
}

/** Counts an answer by its language, under `right/<code>` and `language/<code>`, and parses it. */
export function countAnswer(tally: Tally, task: Task, got: string, seed: number): CountedAnswer {
  const { kind, language, answer: expected, objects } = task;
  const { isInLanguage, objects: named, motion } = parseAnswer(got, kind, language);
  const isExact = got === expected;
  tally.add(`right/${language.code}`, isExact);
  // Digits belong to every language, so a count is no evidence of the language.
  if (kind !== 'count') tally.add(`language/${language.code}`, isInLanguage);
  const mistakes = isExact ? [] : [{ seed, kind, language: language.code, expected, got }];
  const isNamed = isInLanguage && hasSameObjects(named, objects);
  return { isExact, isNamed, motion, mistakes };
}
