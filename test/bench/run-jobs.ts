import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { median } from './median.js';
import type { Assignment, Figures, Job } from './measure/job.js';

/** A run of a measurement. */
export interface Run {
  /** The list of the run. The same measurement in another list ran at another time. */
  readonly list: string;
  readonly job: Job;
  readonly figures: Figures;
}

const CHILD = join(import.meta.dirname, 'measure/child.ts');
const ROOT = join(import.meta.dirname, '../..');
const TSX = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
const LONGEST_RUN_MS = 15 * 60_000;

/** Called after each run, with the numbers of finished and of all runs. */
export interface RunObserver {
  onRun(run: Run, done: number, total: number): void;
  onFailure(job: Job, error: unknown): void;
}

/**
 * Runs all jobs alternately (A, B, A, B), each in a process of its own, so that a slower phase of the machine affects
 * all of them. A job that fails is not repeated.
 */
export async function runInTurns(
  list: string,
  jobs: readonly Job[],
  rounds: number,
  settings: Omit<Assignment, 'job'>,
  observer: RunObserver,
): Promise<void> {
  const failed = new Set<Job>();
  for (let turn = 0; turn < rounds * jobs.length; turn++) {
    const job = jobs[turn % jobs.length]!;
    if (failed.has(job)) continue;
    let figures: Figures;
    try {
      figures = await runApart({ job, ...settings });
    } catch (error) {
      failed.add(job);
      observer.onFailure(job, error);
      continue;
    }
    observer.onRun({ list, job, figures }, turn + 1, rounds * jobs.length);
  }
}

/** @throws Error with the output of the process if it fails or prints no figures */
async function runApart(assignment: Assignment): Promise<Figures> {
  const output = await outputOf(assignment);
  return JSON.parse(output.trimEnd().split('\n').at(-1)!) as Figures;
}

function outputOf(assignment: Assignment): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TSX, CHILD, JSON.stringify(assignment)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_RUN_MS,
    });
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else {
        const reason = `${JSON.stringify(assignment.job)} ended with ${signal ?? code}`;
        reject(new Error(`${reason}:\n${errors.slice(-2_000)}`));
      }
    });
  });
}

/** Two descriptions of the same measurement have the same key. */
export function keyOf(job: Job): string {
  return JSON.stringify(Object.entries(job).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Runs of the same measurement in the same list have the same key. */
export function keyOfRun({ list, job }: Run): string {
  return `${list} ${keyOf(job)}`;
}

/** The median of a figure over the runs of a job. NaN without runs. */
export function lookUp(runs: readonly Run[], job: Job, figure: string): number {
  const key = keyOf(job);
  const values = runs
    .filter((run) => keyOf(run.job) === key)
    .map(({ figures }) => figures[figure] ?? NaN);
  return values.length === 0 ? NaN : median(values);
}
