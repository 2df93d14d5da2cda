import { LANGUAGES } from '../../src/language/languages.js';
import { type Mistake, countAnswer } from './count-answer.js';
import { drawScene } from './draw-scene.js';
import type { EnginePool } from './engine-pool.js';
import { createFollowUp, createPairTask, createWordTask } from './further-tasks.js';
import { createRandom } from './random.js';
import { type OnProgress, conversationsOf, runAll } from './run-all.js';
import { samplePair, sampleScene } from './scenes.js';
import type { Tally } from './tally.js';
import { type Task, createTask, createTaskDealer } from './tasks.js';
import { isCaptionKind, kindsFor } from './world.js';

/** Asks in two languages whether each held-out pair of images shows the same object: `compare/<answer>`. */
export async function measurePairs(
  pool: EnginePool,
  tally: Tally,
  pairs: number,
  onProgress: OnProgress,
): Promise<Mistake[]> {
  const mistakes: Mistake[] = [];
  const indices = Array.from({ length: pairs }, (_, index) => index);
  await runAll(pool, indices, onProgress, async (index) => {
    const pair = samplePair(index);
    const tasks = [index, index + Math.floor(LANGUAGES.length / 2)].flatMap((turn) => {
      const language = LANGUAGES[turn % LANGUAGES.length];
      return language ? [createPairTask(pair, language)] : [];
    });
    const bytes = await Promise.all(pair.map(drawScene));
    const media = bytes.map((each) => ({ kind: 'image' as const, bytes: each }));
    const { answers } = await pool.ask(media, conversationsOf(tasks));
    tasks.forEach((task, number) => {
      const counted = countAnswer(tally, task, answers[number] ?? '', pair[0].seed);
      tally.add('exact/compare', counted.isExact);
      tally.add(`compare/${index % 2 === 0 ? 'same' : 'different'}`, counted.isExact);
      mistakes.push(...counted.mistakes);
    });
  });
  return mistakes;
}

/**
 * Asks for a description and asks a question about each scene in the second turn, after a first question of any kind
 * and its right answer: `follow-ups/questions`, `follow-ups/names`. Every third first turn is in another language,
 * which must not influence the answer. The scenes are those of `measureWorld`, for comparison.
 */
export async function measureFollowUps(
  pool: EnginePool,
  tally: Tally,
  scenes: number,
  onProgress: OnProgress,
): Promise<Mistake[]> {
  const dealer = createTaskDealer();
  const mistakes: Mistake[] = [];
  const jobs = Array.from({ length: scenes }, (_, index) => {
    const scene = sampleScene(index);
    const random = createRandom(scene.seed + 5);
    const tasks = [dealer.dealDescription(scene), dealer.dealQuestion(scene)].map(
      (task, number) => {
        const kind = random.pick(kindsFor(scene.objects.length));
        const language = index % 3 === 0 ? random.pick(LANGUAGES) : task.language;
        return createFollowUp(createTask(scene, kind, language, number), task);
      },
    );
    return { scene, tasks };
  });
  await runAll(pool, jobs, onProgress, async ({ scene, tasks }) => {
    const media = [{ kind: 'image' as const, bytes: await drawScene(scene) }];
    const { answers } = await pool.ask(media, conversationsOf(tasks));
    tasks.forEach((task, number) => {
      const counted = countAnswer(tally, task, answers[number] ?? '', scene.seed);
      const { kind } = task;
      if (isCaptionKind(kind)) tally.add('follow-ups/names', counted.isNamed);
      else if (kind !== 'middle') tally.add('follow-ups/questions', counted.isExact);
      mistakes.push(...counted.mistakes.map((one) => ({ ...one, kind: `follow-up ${kind}` })));
    });
  });
  return mistakes;
}

/** Asks without an image to repeat words, and to translate twice as many, per language: `exact/repeat` and so on. */
export async function measureWords(
  pool: EnginePool,
  tally: Tally,
  wordsInEach: number,
  onProgress: OnProgress,
): Promise<Mistake[]> {
  const mistakes: Mistake[] = [];
  await runAll(pool, LANGUAGES, onProgress, async (language) => {
    const tasks = Array.from({ length: wordsInEach }, (_, index): Task => {
      return createWordTask(index, index % 3 === 0 ? 'repeat' : 'translate', language);
    });
    const { answers } = await pool.ask([], conversationsOf(tasks));
    tasks.forEach((task, index) => {
      const counted = countAnswer(tally, task, answers[index] ?? '', index);
      tally.add(`exact/${task.kind}`, counted.isExact);
      mistakes.push(...counted.mistakes);
    });
  });
  return mistakes;
}
