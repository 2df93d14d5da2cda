import type { EnginePool } from './engine-pool.js';
import type { Task } from './tasks.js';

/** Called after each job with the numbers of finished and of all jobs. */
export type OnProgress = (done: number, of: number) => void;

/** Runs two jobs per engine at a time, so that one is drawn while another is answered. */
export async function runAll<Job>(
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

export function conversationsOf(tasks: readonly Task[]): Task['conversation'][] {
  return tasks.map(({ conversation }) => conversation);
}
