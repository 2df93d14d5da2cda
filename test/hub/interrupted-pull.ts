import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FakeHub } from './fake-hub.js';
import { type KillPoint, type WorkPoint, comparePoints } from './kill-points.js';
import { diskBytes, readUsage } from './process-usage.js';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
const SAMPLE_MS = 20;
/** Disk usage is sampled less often, since it takes longer to measure. */
const SAMPLES_PER_DISK_SAMPLE = 25;

const STEPS_BY_WORD: ReadonlyMap<string, WorkPoint['step']> = new Map([
  ['Downloading', 'download'],
  ['Checking', 'check'],
  ['Converting', 'convert'],
  ['Finishing', 'finish'],
]);

/** The model, hub and home folder of a pull. */
export interface PullTrial {
  readonly hub: FakeHub;
  readonly home: string;
  readonly args: readonly string[];
  /** In download order. */
  readonly weights: readonly { readonly name: string; readonly size: number }[];
  /** Estimated. The kill points of the last step depend on it. */
  readonly packageBytes: number;
}

/** How a process ended, and its resource usage. */
export interface PullRun {
  readonly end: 'killed' | 'done';
  readonly seconds: number;
  readonly peakBytes: number;
  /** Peak disk usage of the home folder over all samples. */
  readonly peakDiskBytes: number;
}

/**
 * Runs `salamandra pull` in a child process and kills it at a point, if one is given and reached.
 *
 * @throws Error with the output of the command if it fails.
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
    throw new Error(`salamandra pull exited with ${child.exitCode ?? 'a signal'}: ${output}`);
  }
  const seconds = (performance.now() - startMs) / 1000;
  return { end, seconds, peakBytes, peakDiskBytes };
}

/** The last step that the command printed. Undefined before the first weight file. */
function readPosition(output: string, { weights }: PullTrial): WorkPoint | undefined {
  const said = [...output.matchAll(/(Downloading|Checking|Converting|Finishing)(?: (\d+)\/)?/g)];
  const [, word = '', place = '1'] = said.at(-1) ?? [];
  const step = STEPS_BY_WORD.get(word);
  return step && { step, file: step === 'finish' ? weights.length : Number(place) - 1 };
}

/** Tells at each sample, by the current step and the bytes read so far, whether the kill point is reached. */
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
