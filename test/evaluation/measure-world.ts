import { drawScene } from './draw-scene.js';
import type { EnginePool } from './engine-pool.js';
import { type Mistake, countAnswer } from './count-answer.js';
import { hasSameObjects, parseAnswer } from './parse-answer.js';
import { type OnProgress, conversationsOf, runAll } from './run-all.js';
import { SIZE_BANDS, type Scene, sampleScene, sampleSmallObjectScene } from './scenes.js';
import { type Tally } from './tally.js';
import { type Task, createTaskDealer } from './tasks.js';
import { isCaptionKind } from './world.js';

/** The details at which small-object scenes are measured. */
export const DETAILS = ['low', 'auto', 'high'] as const;

/**
 * Asks for two descriptions of each held-out scene and asks two questions about it, and counts under `names/few`,
 * `names/many` (descriptions that name every object), `questions` (left, right, count, yes or no), `exact/<kind>`,
 * `language/<code>` and `right/<code>`.
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
    const media = [{ kind: 'image' as const, bytes: await drawScene(scene) }];
    const { answers } = await pool.ask(media, conversationsOf(tasks));
    tasks.forEach((task, number) => {
      mistakes.push(...countSceneAnswer(tally, scene, task, answers[number] ?? ''));
    });
  });
  return mistakes;
}

/** Counts an answer under all its names. @returns the wrong answer, or undefined if it is right */
function countSceneAnswer(tally: Tally, scene: Scene, task: Task, got: string): Mistake[] {
  const { kind } = task;
  const counted = countAnswer(tally, task, got, scene.seed);
  tally.add(`exact/${kind}`, counted.isExact);
  if (isCaptionKind(kind)) {
    tally.add(scene.objects.length <= 2 ? 'names/few' : 'names/many', counted.isNamed);
    tally.add(`names/${scene.objects.length}`, counted.isNamed);
  } else if (kind !== 'middle') {
    tally.add('questions', counted.isExact);
  }
  return counted.mistakes;
}

/**
 * Asks for two captions of each large image, `sceneCount` per size band, at every detail, and counts under
 * `small/<detail>` and `small/<band>/<detail>` those that name every object.
 *
 * @returns the mean number of visual tokens at each detail.
 */
export async function measureSmallObjects(
  pool: EnginePool,
  tally: Tally,
  sceneCount: number,
  onProgress: OnProgress,
): Promise<Record<string, number>> {
  const tokens: Record<string, number> = {};
  const jobs = SIZE_BANDS.flatMap(({ name }, band) => {
    // A dealer per band, so that the languages are the same in each.
    const dealer = createTaskDealer();
    return Array.from({ length: sceneCount }, (_, index) => {
      const scene = sampleSmallObjectScene(band, index);
      const tasks = [1, 2].map(() => dealer.dealDescription(scene, ['caption']));
      return { band: name, scene, tasks };
    });
  });
  await runAll(pool, jobs, onProgress, async ({ band, scene, tasks }) => {
    const media = [{ kind: 'image' as const, bytes: await drawScene(scene) }];
    for (const detail of DETAILS) {
      const { answers, visualTokens } = await pool.ask(media, conversationsOf(tasks), detail);
      tokens[detail] = (tokens[detail] ?? 0) + visualTokens / jobs.length;
      tasks.forEach(({ kind, language, objects }, number) => {
        const read = parseAnswer(answers[number] ?? '', kind, language);
        const isNamed = read.isInLanguage && hasSameObjects(read.objects, objects);
        tally.add(`small/${detail}`, isNamed);
        tally.add(`small/${band}/${detail}`, isNamed);
      });
    }
  });
  return tokens;
}
