import { questionConversation } from '../../src/engine/conversations.js';
import type { ChatMessage } from '../../src/language/chat-template.js';
import { LANGUAGES, type Language, languageEntry } from '../../src/language/languages.js';
import type { Video } from './videos.js';
import { createRandom, type Random } from './random.js';
import type { Scene } from './scenes.js';
import type { Task } from './tasks.js';
import { OBJECTS, formsOf, nameOf } from './world.js';

/** A question about the motion in a video. */
export function createClipTask({ seed, motion, object }: Video, language: Language): Task {
  const wording = randomFor(seed, language).pick(languageEntry(language).instructions.video);
  const answer = formsOf(language).answers[motion].replace('{0}', nameOf(object, language));
  const conversation = questionConversation(wording, language, { shown: ['video'] });
  return { kind: 'clip', language, conversation, answer, objects: [object] };
}

/** A question whether two images show the same object. */
export function createPairTask([first, second]: readonly [Scene, Scene], language: Language): Task {
  const { questions, answers } = formsOf(language);
  const wording = randomFor(first.seed, language).pick(questions.compare);
  const [one, other] = [first, second].map(({ objects }) => objects[0]?.object);
  const answer = one === other ? answers.same : answers.different;
  const conversation = questionConversation(wording, language, { shown: ['image', 'image'] });
  return { kind: 'compare', language, conversation, answer, objects: [] };
}

/**
 * A request to repeat a word or to translate it from another language. The word names the same object in every language
 * that has it.
 */
export function createWordTask(
  index: number,
  kind: 'repeat' | 'translate',
  language: Language,
): Task {
  const random = randomFor(index, language);
  const others = LANGUAGES.filter(({ code }) => code !== language.code);
  for (;;) {
    const object = random.integer(0, OBJECTS.length - 1);
    const given = nameOf(object, kind === 'repeat' ? language : random.pick(others));
    if (ambiguousNames().has(given)) continue;
    const wording = random.pick(formsOf(language).questions[kind]).replace('{0}', given);
    const conversation = questionConversation(wording, language, { shown: [] });
    const answer = nameOf(object, language);
    return { kind, language, conversation, answer, objects: [object] };
  }
}

/** A second task about an image, after a first task with its right answer. */
export function createFollowUp(first: Task, second: Task): Task {
  const conversation: ChatMessage[] = [
    ...first.conversation,
    { role: 'assistant', content: [{ type: 'text', text: first.answer }] },
    ...second.conversation.map(({ role, content }) => ({
      role,
      // The image is in the first turn.
      content: content.filter(({ type }) => type === 'text'),
    })),
  ];
  return { ...second, conversation };
}

function randomFor(seed: number, { code }: Language): Random {
  return createRandom(seed * 37 + LANGUAGES.findIndex((language) => language.code === code));
}

let ambiguous: ReadonlySet<string> | undefined;

/** Words that name different objects in different languages. */
function ambiguousNames(): ReadonlySet<string> {
  if (ambiguous) return ambiguous;
  const objects = new Map<string, number>();
  const found = new Set<string>();
  for (const [object, { names }] of OBJECTS.entries()) {
    for (const name of Object.values(names)) {
      if ((objects.get(name) ?? object) !== object) found.add(name);
      objects.set(name, object);
    }
  }
  return (ambiguous = found);
}
