import { hasSameObjects, readAnswer } from './read-answer.js';
import type { Tally } from './tally.js';
import type { Task } from './tasks.js';
import type { Motion } from './world.js';

/** A wrong answer, for the report's sample. */
export interface Mistake {
  readonly seed: number;
  readonly kind: string;
  readonly language: string;
  readonly expected: string;
  readonly got: string;
}

interface CountedAnswer {
  /** Whether it is what the model was taught to say. */
  readonly isExact: boolean;
  /** Whether it is in the language asked for and names the objects it should and no others. */
  readonly isNamed: boolean;
  /** What it says happens in a clip. */
  readonly motion: Motion | undefined;
  /** None or one. */
  readonly mistakes: Mistake[];
}

/** Counts an answer by its language, under `right/<code>` and `language/<code>`, and says what else it is. */
export function countAnswer(tally: Tally, task: Task, got: string, seed: number): CountedAnswer {
  const { kind, language, answer: expected, objects } = task;
  const { isInLanguage, objects: named, motion } = readAnswer(got, kind, language);
  const isExact = got === expected;
  tally.add(`right/${language.code}`, isExact);
  // Digits belong to every language, so they say nothing about this one.
  if (kind !== 'count') tally.add(`language/${language.code}`, isInLanguage);
  const mistakes = isExact ? [] : [{ seed, kind, language: language.code, expected, got }];
  const isNamed = isInLanguage && hasSameObjects(named, objects);
  return { isExact, isNamed, motion, mistakes };
}
