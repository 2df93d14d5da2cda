import { drawScene } from './draw-scene.js';
import type { EnginePool } from './engine-pool.js';
import { hasSameObjects, readAnswer } from './read-answer.js';
import { type Scene, sampleScene, sampleSmallObjectScene } from './scenes.js';
import { type Tally } from './tally.js';
import { type Task, createTaskDealer } from './tasks.js';
import { isCaptionKind } from './world.js';

/** The details a small-object scene is asked at. */
export const DETAILS = ['low', 'auto', 'high'] as const;

/** A wrong answer, for the report's sample. */
export interface Mistake {
  readonly seed: number;
  readonly kind: string;
  readonly language: string;
  readonly expected: string;
  readonly got: string;
}

/** Called after each scene with how many of how many are done. */
export type OnProgress = (done: number, of: number) => void;

/**
 * Asks each held-out scene for two descriptions and two questions, and counts under
 * `names/few`, `names/many` (descriptions that name every object), `questions` (left, right, count, yes or no),
 * `exact/<kind>`, `language/<code>` and `right/<code>`.
 */
export async function measureWorld(
  pool: EnginePool,
  tally: Tally,
  sceneCount: number,
  onProgress: OnProgress,
): Promise<Mistake[]> {
  const dealer = createTaskDealer();
  const mistakes: Mistake[] = [];
  const jobs = Array.from({ length: sceneCount }, (_, index) => {
    const scene = sampleScene(index);
    const tasks = [
      dealer.dealDescription(scene),
      dealer.dealQuestion(scene),
      dealer.dealDescription(scene),
      dealer.dealQuestion(scene),
    ];
    return { scene, tasks };
  });
  await runAll(pool, jobs, onProgress, async ({ scene, tasks }) => {
    const picture = await drawScene(scene);
    const { answers } = await pool.ask(picture, 'auto', conversationsOf(tasks));
    tasks.forEach((task, number) => {
      const got = answers[number] ?? '';
      if (countAnswer(tally, scene, task, got)) return;
      const { kind, language, answer: expected } = task;
      mistakes.push({ seed: scene.seed, kind, language: language.code, expected, got });
    });
  });
  // Scenes finish in any order; the report lists them in theirs.
  return mistakes.sort((one, other) => one.seed - other.seed);
}

/** Counts one answer under all its names. Returns whether it is what the model was taught to say. */
function countAnswer(tally: Tally, scene: Scene, task: Task, got: string): boolean {
  const { kind, language } = task;
  const isExact = got === task.answer;
  const read = readAnswer(got, kind, language);
  tally.add(`exact/${kind}`, isExact);
  tally.add(`right/${language.code}`, isExact);
  // Digits belong to every language, so they say nothing about this one.
  if (kind !== 'count') tally.add(`language/${language.code}`, read.isInLanguage);
  if (isCaptionKind(kind)) {
    const isNamed = read.isInLanguage && hasSameObjects(read.objects, task.objects);
    tally.add(scene.objects.length <= 2 ? 'names/few' : 'names/many', isNamed);
    tally.add(`names/${scene.objects.length}`, isNamed);
  } else if (kind !== 'middle') {
    tally.add('questions', isExact);
  }
  return isExact;
}

/**
 * Asks each large picture for two captions at every detail, and counts under `small/<detail>` those that name
 * every object. Returns the mean number of visual tokens at each detail.
 */
export async function measureSmallObjects(
  pool: EnginePool,
  tally: Tally,
  sceneCount: number,
  onProgress: OnProgress,
): Promise<Record<string, number>> {
  const dealer = createTaskDealer();
  const tokens: Record<string, number> = {};
  const jobs = Array.from({ length: sceneCount }, (_, index) => {
    const scene = sampleSmallObjectScene(index);
    const tasks = [1, 2].map(() => dealer.dealDescription(scene, ['caption']));
    return { scene, tasks };
  });
  await runAll(pool, jobs, onProgress, async ({ scene, tasks }) => {
    const picture = await drawScene(scene);
    for (const detail of DETAILS) {
      const { answers, visualTokens } = await pool.ask(picture, detail, conversationsOf(tasks));
      tokens[detail] = (tokens[detail] ?? 0) + visualTokens / sceneCount;
      tasks.forEach(({ kind, language, objects }, number) => {
        const read = readAnswer(answers[number] ?? '', kind, language);
        tally.add(`small/${detail}`, read.isInLanguage && hasSameObjects(read.objects, objects));
      });
    }
  });
  return tokens;
}

function conversationsOf(tasks: readonly Task[]): Task['conversation'][] {
  return tasks.map(({ conversation }) => conversation);
}

/** Runs the jobs, two for each engine at a time, so that one is drawn while another is answered. */
async function runAll<Job>(
  pool: EnginePool,
  jobs: readonly Job[],
  onProgress: OnProgress,
  run: (job: Job) => Promise<void>,
): Promise<void> {
  let done = 0;
  const waiting = jobs.values();
  const lane = async (): Promise<void> => {
    for (const job of waiting) {
      await run(job);
      onProgress(++done, jobs.length);
    }
  };
  await Promise.all(Array.from({ length: pool.size * 2 }, lane));
}
