import { type Language, languageEntry } from '../../src/language/languages.js';
import { MOTIONS, type Motion, OBJECTS, type TaskKind, formsOf, nameOf } from './world.js';

/** An answer parsed by the forms of one language. */
export interface ParsedAnswer {
  /**
   * Whether the whole answer is in that language: it has the form of its question, and every name in it is one of the
   * 132 object names of the language, right or wrong for the image. A number belongs to every language. A misspelled or
   * foreign name, or the form of another language, makes it false. A word of two languages (`no`, `banana`) counts for
   * both.
   */
  readonly isInLanguage: boolean;
  /** The named objects, in order. Empty if the answer is not in the language. */
  readonly objects: readonly number[];
  /** The motion that an answer about a video names. */
  readonly motion?: Motion;
}

const NOT_IN_LANGUAGE: ParsedAnswer = { isInLanguage: false, objects: [] };
const namesByLanguage = new Map<string, Map<string, number>>();

/** Parses an answer to a question of this kind in this language. */
export function parseAnswer(answer: string, kind: TaskKind, language: Language): ParsedAnswer {
  const { answers } = formsOf(language);
  switch (kind) {
    case 'caption':
      return readList(answer, language);
    case 'keywords':
      return readNames(answer.split(', '), language);
    case 'alt':
    case 'left':
    case 'middle':
    case 'right':
      return readForm(answer, answers[kind], language);
    case 'long':
      return readPlaces(answer, language);
    case 'count':
      return { isInLanguage: /^\d+$/.test(answer), objects: [] };
    case 'exists':
      return { isInLanguage: answer === answers.yes || answer === answers.no, objects: [] };
    case 'clip':
      return readClip(answer, language);
    case 'compare':
      return { isInLanguage: answer === answers.same || answer === answers.different, objects: [] };
    case 'repeat':
    case 'translate':
      return readNames([answer], language);
  }
}

/** "a, b and c" */
function readList(text: string, language: Language): ParsedAnswer {
  const parts = text.split(', ');
  const last = parts.pop() ?? '';
  return readNames([...parts, ...last.split(` ${languageEntry(language).and} `)], language);
}

/** "Picture: a and b", "On the left: a." */
function readForm(text: string, form: string, language: Language): ParsedAnswer {
  const [before = '', after = ''] = form.split('{0}');
  if (!text.startsWith(before) || !text.endsWith(after)) return NOT_IN_LANGUAGE;
  return readList(text.slice(before.length, text.length - after.length), language);
}

/** "On the left: a. In the middle: b and c." No object name has a full stop. */
function readPlaces(text: string, language: Language): ParsedAnswer {
  const { left, middle, right } = formsOf(language).answers;
  const read = text.split(/(?<=\.) /).map((sentence) => {
    const forms = [left, middle, right].map((form) => readForm(sentence, form, language));
    return forms.find(({ isInLanguage }) => isInLanguage) ?? NOT_IN_LANGUAGE;
  });
  if (read.some(({ isInLanguage }) => !isInLanguage)) return NOT_IN_LANGUAGE;
  return { isInLanguage: true, objects: read.flatMap(({ objects }) => objects) };
}

/** "dog: moves to the left" */
function readClip(text: string, language: Language): ParsedAnswer {
  const { answers } = formsOf(language);
  for (const motion of MOTIONS) {
    const read = readForm(text, answers[motion], language);
    if (read.isInLanguage && read.objects.length === 1) return { ...read, motion };
  }
  return NOT_IN_LANGUAGE;
}

function readNames(names: readonly string[], language: Language): ParsedAnswer {
  let known = namesByLanguage.get(language.code);
  if (!known) {
    known = new Map([...OBJECTS.keys()].map((object) => [nameOf(object, language), object]));
    namesByLanguage.set(language.code, known);
  }
  const objects: number[] = [];
  for (const name of names) {
    const object = known.get(name);
    if (object === undefined) return NOT_IN_LANGUAGE;
    objects.push(object);
  }
  return { isInLanguage: true, objects };
}

/** Whether two lists have the same objects, in any order. */
export function hasSameObjects(one: readonly number[], other: readonly number[]): boolean {
  return [...one].sort().join() === [...other].sort().join();
}
