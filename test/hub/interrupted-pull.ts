import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { HubDouble } from './hub-double.js';
import { type KillPoint, type WorkPoint, comparePoints } from './kill-points.js';
import { diskBytes, readUsage } from './watch-process.js';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
const SAMPLE_MS = 20;
/** Reading folders takes long beside reading a number. */
const SAMPLES_PER_DISK_SAMPLE = 25;

const STEPS_BY_WORD: ReadonlyMap<string, WorkPoint['step']> = new Map([
  ['Downloading', 'download'],
  ['Checking', 'check'],
  ['Converting', 'convert'],
  ['Finishing', 'finish'],
]);

/** What is pulled, from where and to where. */
export interface PullTrial {
  readonly hub: HubDouble;
  readonly home: string;
  readonly args: readonly string[];
  /** In the order in which they are fetched. */
  readonly weights: readonly { readonly name: string; readonly size: number }[];
  /** About: where the points of the last step lie depends on it. */
  readonly packageBytes: number;
}

/** How one process ended, and what it took while it ran. */
export interface PullRun {
  readonly end: 'killed' | 'done';
  readonly seconds: number;
  readonly peakBytes: number;
  /** The most that the home folder took of the disk at any sample. */
  readonly peakDiskBytes: number;
}

/**
 * Runs `salamandra pull` as a process of its own, and kills it at a point, if there is one and it comes so far.
 *
 * @throws what the command printed, when it fails.
 */
export async function runPull(trial: PullTrial, point: KillPoint | undefined): Promise<PullRun> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [CLI, 'pull', ...trial.args], {
    env: { ...process.env, HF_ENDPOINT: trial.hub.url, SALAMANDRA_HOME: trial.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close');
  const isDue = point && createTrigger(point, trial);
  let [peakBytes, peakDiskBytes] = [0, 0];
  let end: PullRun['end'] = 'done';
  for (let sample = 0; child.exitCode === null && child.signalCode === null; sample++) {
    const usage = readUsage(child.pid ?? 0);
    if (usage) peakBytes = Math.max(peakBytes, usage.peakBytes);
    if (sample % SAMPLES_PER_DISK_SAMPLE === 0) {
      peakDiskBytes = Math.max(peakDiskBytes, diskBytes(trial.home));
    }
    if (usage && isDue?.(readPosition(output, trial), usage.readBytes)) {
      end = 'killed';
      child.kill('SIGKILL');
      await ended;
    } else await Promise.race([sleep(SAMPLE_MS), ended]);
  }
  await ended;
  if (end === 'done' && child.exitCode !== 0) {
    throw new Error(`pull ended with ${child.exitCode ?? 'a signal'}: ${output}`);
  }
  const seconds = (performance.now() - startMs) / 1000;
  return { end, seconds, peakBytes, peakDiskBytes };
}

/** What the command said last that it does; `undefined` before the first weight file. */
function readPosition(output: string, { weights }: PullTrial): WorkPoint | undefined {
  const said = [...output.matchAll(/(Downloading|Checking|Converting|Finishing)(?: (\d+)\/)?/g)];
  const [, word = '', place = '1'] = said.at(-1) ?? [];
  const step = STEPS_BY_WORD.get(word);
  return step && { step, file: step === 'finish' ? weights.length : Number(place) - 1 };
}

/** Says at each sample, from the step at hand and the bytes read so far, whether the point is reached or passed. */
function createTrigger(
  point: KillPoint,
  { hub, weights, packageBytes }: PullTrial,
): (position: WorkPoint | undefined, readBytes: number) => boolean {
  const file = weights[point.file];
  let readBefore: number | undefined;
  return (position, readBytes) => {
    if (!position) return false;
    const order = comparePoints(position, point);
    if (order !== 0) return order > 0;
    if (point.step === 'download') {
      return (hub.sent.get(file!.name) ?? 0) >= point.share * file!.size;
    }
    readBefore ??= readBytes;
    return readBytes - readBefore >= point.share * (file?.size ?? packageBytes);
  };
}
