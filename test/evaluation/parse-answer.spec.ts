import { describe, expect, it } from '@jest/globals';

import { LANGUAGES, resolveLanguage } from '../../src/language/languages.js';
import { hasSameObjects, parseAnswer } from './parse-answer.js';
import {
  FURTHER_KINDS,
  MOTIONS,
  OBJECTS,
  SCENE_KINDS,
  formsOf,
  isCaptionKind,
  kindsFor,
  nameOf,
  rightAnswer,
} from './world.js';

const objectNamed = (name: string): number => OBJECTS.findIndex(({ names }) => names.en === name);
const DOG = objectNamed('dog');
const CAT = objectNamed('cat');
const SUN = objectNamed('sun');

describe('rightAnswer', () => {
  it.each([
    ['caption', 'en', 'dog, cat and sun'],
    ['alt', 'de', 'Bild: Hund, Katze und Sonne'],
    ['keywords', 'es', 'perro, gato, sol'],
    ['long', 'en', 'On the left: dog. In the middle: cat. On the right: sun.'],
    ['left', 'ca', "A l'esquerra: gos."],
    ['middle', 'fr', 'Au milieu : chat.'],
    ['right', 'eu', 'Eskuinean: eguzkia.'],
    ['count', 'el', '3'],
    ['exists', 'ga', 'tá'],
  ] as const)('%s in %s', (kind, code, answer) => {
    expect(rightAnswer(kind, resolveLanguage(code), [DOG, CAT, SUN], true)).toBe(answer);
  });
});

describe('parseAnswer', () => {
  it('parses every right answer in every language', () => {
    const misread: string[] = [];
    for (const language of LANGUAGES) {
      for (const index of OBJECTS.keys()) {
        const count = 1 + (index % 4);
        const objects = Array.from({ length: count }, (_, i) => (index + 29 * i) % OBJECTS.length);
        for (const kind of kindsFor(count)) {
          const answer = rightAnswer(kind, language, objects, index % 2 === 0);
          const read = parseAnswer(answer, kind, language);
          const isRead = !isCaptionKind(kind) || read.objects.join() === objects.join();
          if (!read.isInLanguage || !isRead) misread.push(`${language.code} ${kind}: ${answer}`);
        }
      }
    }
    expect(misread).toEqual([]);
  });

  it('parses every right answer about every video', () => {
    const misread: string[] = [];
    for (const language of LANGUAGES) {
      for (const object of OBJECTS.keys()) {
        for (const motion of MOTIONS) {
          const form = formsOf(language).answers[motion];
          const answer = form.replace('{0}', nameOf(object, language));
          const read = parseAnswer(answer, 'clip', language);
          if (read.motion !== motion || read.objects.join() !== String(object)) {
            misread.push(`${language.code}: ${answer}`);
          }
        }
      }
    }
    expect(misread).toEqual([]);
  });

  it('distinguishes motions and languages of video answers', () => {
    const english = resolveLanguage('en');
    expect(parseAnswer('dog: moves left', 'clip', english).motion).toBe('movesLeft');
    expect(parseAnswer('Hund: bewegt sich nach links', 'clip', english).isInLanguage).toBe(false);
    expect(parseAnswer('dog, cat: enters', 'clip', english).isInLanguage).toBe(false);
    expect(parseAnswer('the same', 'compare', english).isInLanguage).toBe(true);
    expect(parseAnswer('dasselbe', 'compare', english).isInLanguage).toBe(false);
    expect(parseAnswer('dog', 'translate', english).objects).toEqual([DOG]);
    expect(parseAnswer('dog and cat', 'translate', english).isInLanguage).toBe(false);
  });

  it('rejects an answer in another language, even with one foreign name', () => {
    const german = resolveLanguage('de');
    expect(parseAnswer('dog and cat', 'caption', german).isInLanguage).toBe(false);
    expect(parseAnswer('Hund and Katze', 'caption', german).isInLanguage).toBe(false);
    expect(parseAnswer('Hund und cat', 'caption', german).isInLanguage).toBe(false);
    expect(parseAnswer('yes', 'exists', german).isInLanguage).toBe(false);
  });

  it.each([...SCENE_KINDS, ...FURTHER_KINDS])(
    'refuses empty, misspelt and unfinished text for %s',
    (kind) => {
      const english = resolveLanguage('en');
      for (const text of [
        '',
        'dgo',
        'Picture: ',
        'On the left: dog',
        'dog and ',
        'On the left: dog.  ',
      ]) {
        expect(parseAnswer(text, kind, english).isInLanguage).toBe(false);
      }
    },
  );

  it('accepts a wrong object as an answer in the language', () => {
    const read = parseAnswer('cat and sun', 'caption', resolveLanguage('en'));
    expect(read).toEqual({ isInLanguage: true, objects: [CAT, SUN] });
    expect(hasSameObjects(read.objects, [SUN, CAT])).toBe(true);
    expect(hasSameObjects(read.objects, [DOG, CAT])).toBe(false);
    expect(hasSameObjects(read.objects, [CAT])).toBe(false);
  });

  it('has a different name for every object in every language', () => {
    for (const language of LANGUAGES) {
      const names = [...OBJECTS.keys()].map((object) => nameOf(object, language));
      expect(new Set(names).size).toBe(OBJECTS.length);
    }
  });
});
