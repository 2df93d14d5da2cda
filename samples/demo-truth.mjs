/** The expected texts about the samples, from the training data of the bundled model. */
import { readFileSync } from 'node:fs';
import { URL } from 'node:url';

export const IMAGES = readJson('samples.json');
export const VIDEOS = readJson('clips.json');
export const OBJECTS = readJson('../models/training/world/objects.json');
const FORMS = readJson('../models/training/world/questions.json');
const CONJUNCTIONS = new Map(
  readJson('../src/language/languages.json').map(({ code, and }) => [code, and]),
);

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}

/** @param object its English name */
export function nameOf(object, language) {
  return OBJECTS.find(({ names }) => names.en === object).names[language];
}

export function joinNames(objects, language) {
  const names = objects.map((object) => nameOf(object, language));
  const last = names.pop();
  return names.length === 0 ? last : `${names.join(', ')} ${CONJUNCTIONS.get(language)} ${last}`;
}

/** The expected caption of a shot. */
export function describeShot({ object, motion }, language) {
  return FORMS[language].answers[motion].replace('{0}', nameOf(object, language));
}

/**
 * The text of a question.
 *
 * @param object for `exists`, `repeat` and `translate`: the English name of an object.
 * @param from for `translate`: the language of the word to translate.
 */
export function questionText({ kind, object, from }, language) {
  const [wording] = FORMS[language].questions[kind];
  return object ? wording.replace('{0}', nameOf(object, from ?? language)) : wording;
}

/** @param objects in the image from left to right, or one from each compared image. */
export function rightAnswer({ kind, object }, objects, language) {
  const { answers } = FORMS[language];
  switch (kind) {
    case 'count':
      return String(objects.length);
    case 'exists':
      return objects.includes(object) ? answers.yes : answers.no;
    case 'compare':
      return objects[0] === objects[1] ? answers.same : answers.different;
    case 'repeat':
    case 'translate':
      return nameOf(object, language);
    default: {
      const place = { left: 0, middle: 1, right: objects.length - 1 }[kind];
      return answers[kind].replace('{0}', nameOf(objects[place], language));
    }
  }
}
