import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LANGUAGES } from '../../src/language/languages.js';
import { VIDEO_FORMATS, FRAMES_SUFFIX, encodeVideo, writeFrames } from './video-files.js';
import { type Video, sampleVideo } from './videos.js';
import { type Mistake, countAnswer } from './count-answer.js';
import { drawFrames } from './draw-scene.js';
import type { EnginePool } from './engine-pool.js';
import { createClipTask } from './further-tasks.js';
import { type OnProgress, conversationsOf, runAll } from './run-all.js';
import type { Tally } from './tally.js';
import type { Task } from './tasks.js';

/** Frames per second of encoded videos. The longest lasts four seconds. */
const FRAME_RATE = 4;

export interface VideoNumbers {
  /** Number of videos. */
  readonly clips: number;
  /** Number of videos that are also measured encoded. */
  readonly encodedClips: number;
}

/**
 * Asks in two languages about the motion in each held-out video, and counts under `clips/direction`, `clips/in-or-out`
 * (enters, leaves), `clips/object` and `motion/<motion>`. The model gets the frames uncompressed. Some videos are also
 * encoded and decoded by ffmpeg: `clips/encoded` counts their right answers, `clips/agreement` the answers that are the
 * same as without a codec.
 *
 * @param ffmpeg path of the program. Undefined if it is missing.
 */
export async function measureVideos(
  pool: EnginePool,
  tally: Tally,
  { clips, encodedClips }: VideoNumbers,
  ffmpeg: string | undefined,
  onProgress: OnProgress,
): Promise<Mistake[]> {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-clips-'));
  const mistakes: Mistake[] = [];
  try {
    const indices = Array.from({ length: clips }, (_, index) => index);
    await runAll(pool, indices, onProgress, async (index) => {
      const clip = sampleVideo(index);
      const tasks = tasksOf(clip, index);
      const pixels = await drawFrames(clip);
      const path = join(folder, `${index}${FRAMES_SUFFIX}`);
      await writeFrames(path, pixels);
      const answers = await askAboutClip(pool, path, clip, tasks);
      tasks.forEach((task, number) => {
        mistakes.push(...countClipAnswer(tally, clip, task, answers[number] ?? ''));
      });
      await rm(path);
      if (index >= encodedClips || ffmpeg === undefined) return;
      const format = VIDEO_FORMATS[index % VIDEO_FORMATS.length] ?? 'mp4';
      const file = join(folder, `${index}.${format}`);
      await encodeVideo(file, pixels, { format, frameRate: FRAME_RATE }, ffmpeg);
      const decoded = await askAboutClip(pool, file, clip, tasks);
      tasks.forEach(({ answer }, number) => {
        tally.add('clips/encoded', decoded[number] === answer);
        tally.add('clips/agreement', decoded[number] === answers[number]);
        tally.add(`agreement/${format}`, decoded[number] === answers[number]);
      });
      await rm(file);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return mistakes;
}

/** Two languages, half the list apart, so that every language is combined with every motion. */
function tasksOf(clip: Video, index: number): Task[] {
  return [index, index + Math.floor(LANGUAGES.length / 2)].flatMap((turn) => {
    const language = LANGUAGES[turn % LANGUAGES.length];
    return language ? [createClipTask(clip, language)] : [];
  });
}

async function askAboutClip(
  pool: EnginePool,
  path: string,
  { frames }: Video,
  tasks: readonly Task[],
): Promise<readonly string[]> {
  const sampling = { mode: 'uniform' as const, frames: { count: frames.length } };
  const { answers } = await pool.ask([{ kind: 'video', path, sampling }], conversationsOf(tasks));
  return answers;
}

function countClipAnswer(tally: Tally, clip: Video, task: Task, got: string): Mistake[] {
  const { isExact, isNamed, motion, mistakes } = countAnswer(tally, task, got, clip.seed);
  const isMoving = clip.motion !== 'enters' && clip.motion !== 'leaves';
  const isSeen = motion === clip.motion;
  tally.add('exact/clip', isExact);
  tally.add(isMoving ? 'clips/direction' : 'clips/in-or-out', isSeen);
  tally.add(`motion/${clip.motion}`, isSeen);
  tally.add('clips/object', isNamed);
  return mistakes;
}
