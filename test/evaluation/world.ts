import { readFileSync } from 'node:fs';

import {
  CAPTION_KINDS,
  type CaptionKind,
  type Language,
  languageEntry,
} from '../../src/language/languages.js';

/** An object of the demo world: its drawing and its names by language code. */
export interface WorldObject {
  readonly icon: string;
  readonly names: Readonly<Record<string, string>>;
}

export const QUESTION_KINDS = ['left', 'middle', 'right', 'count', 'exists'] as const;
export const SCENE_KINDS = [...CAPTION_KINDS, ...QUESTION_KINDS] as const;

/** The kinds of tasks about a scene. */
export type SceneKind = (typeof SCENE_KINDS)[number];
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** The motions of an object in a video. */
export const MOTIONS = [
  'enters',
  'leaves',
  'movesLeft',
  'movesRight',
  'movesUp',
  'movesDown',
] as const;
export type Motion = (typeof MOTIONS)[number];

/** The kinds of tasks about a video, about two images, and about words. */
export const FURTHER_KINDS = ['clip', 'compare', 'repeat', 'translate'] as const;
export type TaskKind = SceneKind | (typeof FURTHER_KINDS)[number];

interface Forms {
  /** Phrasings of each question. `{0}` is the name of an object. */
  readonly questions: Readonly<
    Record<QuestionKind | 'compare' | 'repeat' | 'translate', readonly string[]>
  >;
  /** The form of each answer. `{0}` is a list of names. */
  readonly answers: Readonly<
    Record<
      'alt' | 'left' | 'middle' | 'right' | 'yes' | 'no' | 'same' | 'different' | Motion,
      string
    >
  >;
}

const FOLDER = new URL('../../models/training/world/', import.meta.url);

/** The objects of the demo world. An object's number is its index. */
export const OBJECTS = loadTable('objects.json') as readonly WorldObject[];
const FORMS = loadTable('questions.json') as Readonly<Record<string, Forms>>;

function loadTable(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

/** The question and answer forms of a language. */
export function formsOf(language: Language): Forms {
  const forms = FORMS[language.code];
  if (!forms)
    throw new RangeError(`The world has no question and answer forms in ${language.code}.`);
  return forms;
}

/** The name of an object in a language. */
export function nameOf(object: number, language: Language): string {
  const name = OBJECTS[object]?.names[language.code];
  if (name === undefined) throw new RangeError(`Object ${object} has no name in ${language.code}.`);
  return name;
}

/** Position questions are asked only if the answer is unambiguous. */
export function kindsFor(objectCount: number): SceneKind[] {
  const kinds: SceneKind[] = [...CAPTION_KINDS, 'count', 'exists'];
  if (objectCount >= 2) kinds.push('left', 'right');
  if (objectCount === 3) kinds.push('middle');
  return kinds;
}

export function isCaptionKind(kind: TaskKind): kind is CaptionKind {
  return (CAPTION_KINDS as readonly string[]).includes(kind);
}

function joinNames(names: readonly string[], language: Language): string {
  const last = names.at(-1) ?? '';
  if (names.length < 2) return last;
  return `${names.slice(0, -1).join(', ')} ${languageEntry(language).and} ${last}`;
}

/** The objects for each place (left, middle, right) in a detailed description of `count` objects. */
function placesOf(names: readonly string[]): ['left' | 'middle' | 'right', readonly string[]][] {
  if (names.length === 1) return [['middle', names]];
  if (names.length === 2)
    return [
      ['left', names.slice(0, 1)],
      ['right', names.slice(1)],
    ];
  return [
    ['left', names.slice(0, 1)],
    ['middle', names.slice(1, -1)],
    ['right', names.slice(-1)],
  ];
}

/**
 * The answer of the training data for a scene.
 *
 * @param objects the scene's objects from left to right
 * @param isThere for `exists`: whether the object of the question is in the image
 */
export function rightAnswer(
  kind: SceneKind,
  language: Language,
  objects: readonly number[],
  isThere: boolean,
): string {
  const names = objects.map((object) => nameOf(object, language));
  const { answers } = formsOf(language);
  const say = (form: string, group: readonly string[]): string =>
    form.replace('{0}', joinNames(group, language));
  switch (kind) {
    case 'caption':
      return joinNames(names, language);
    case 'alt':
      return say(answers.alt, names);
    case 'keywords':
      return names.join(', ');
    case 'long':
      return placesOf(names)
        .map(([place, group]) => say(answers[place], group))
        .join(' ');
    case 'count':
      return String(names.length);
    case 'exists':
      return isThere ? answers.yes : answers.no;
    case 'left':
      return say(answers.left, names.slice(0, 1));
    case 'middle':
      return say(answers.middle, names.slice(1, 2));
    case 'right':
      return say(answers.right, names.slice(-1));
  }
}
