import { captionConversation, questionConversation } from '../../src/engine/conversations.js';
import type { ChatMessage } from '../../src/language/chat-template.js';
import { CAPTION_KINDS, LANGUAGES, type Language } from '../../src/language/languages.js';
import { createRandom } from './random.js';
import type { Scene } from './scenes.js';
import {
  OBJECTS,
  type SceneKind,
  type TaskKind,
  formsOf,
  isCaptionKind,
  kindsFor,
  nameOf,
  rightAnswer,
} from './world.js';

/** A prompt and the answer of the training data. */
export interface Task {
  readonly kind: TaskKind;
  readonly language: Language;
  /** The conversation, built like in the service, with media. */
  readonly conversation: readonly ChatMessage[];
  readonly answer: string;
  /** The objects in a right description, from left to right. */
  readonly objects: readonly number[];
}

/**
 * Deals tasks so that each language is equally frequent, and each kind within a language, as far as the scenes allow:
 * every task takes the next language, and the kind that this language had least often.
 */
export interface TaskDealer {
  /** A description (caption, alt, long, keywords) with the prompt of the service. */
  dealDescription(scene: Scene, kinds?: readonly SceneKind[]): Task;
  /** A question about position, number or presence, in one of its phrasings. */
  dealQuestion(scene: Scene): Task;
}

export function createTaskDealer(): TaskDealer {
  let dealt = 0;
  const timesDealt = new Map<string, number>();

  function deal(scene: Scene, kinds: readonly SceneKind[]): Task {
    const turn = dealt % LANGUAGES.length;
    const language = LANGUAGES[turn];
    if (!language) throw new RangeError('The list of languages is empty.');
    // Each language starts with another kind, so that a short run has all kinds.
    const first = turn % kinds.length;
    const rotated = [...kinds.slice(first), ...kinds.slice(0, first)];
    const times = (kind: SceneKind): number => timesDealt.get(`${language.code} ${kind}`) ?? 0;
    const [kind] = rotated.toSorted((one, other) => times(one) - times(other));
    if (!kind) throw new RangeError('The list of kinds is empty.');
    timesDealt.set(`${language.code} ${kind}`, times(kind) + 1);
    dealt++;
    return createTask(scene, kind, language, dealt);
  }

  return {
    dealDescription: (scene, kinds = CAPTION_KINDS) => deal(scene, kinds),
    dealQuestion: (scene) =>
      deal(
        scene,
        kindsFor(scene.objects.length).filter((kind) => !isCaptionKind(kind)),
      ),
  };
}

/** @param salt selects different questions for two tasks of one kind about one scene */
export function createTask(scene: Scene, kind: SceneKind, language: Language, salt: number): Task {
  const random = createRandom(scene.seed * 31 + salt);
  const objects = scene.objects
    .toSorted((one, other) => one.x - other.x)
    .map(({ object }) => object);
  const isThere = random.isLikely(0.5);
  const answer = rightAnswer(kind, language, objects, isThere);
  if (isCaptionKind(kind)) {
    return { kind, language, conversation: captionConversation(kind, language), answer, objects };
  }
  const others = [...OBJECTS.keys()].filter((object) => !objects.includes(object));
  const asked = nameOf(random.pick(isThere ? objects : others), language);
  const wording = random.pick(formsOf(language).questions[kind]).replace('{0}', asked);
  return { kind, language, conversation: questionConversation(wording, language), answer, objects };
}
