import { setTimeout } from 'node:timers/promises';

import type { Configuration } from '../config/configuration.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { openJobDatabase } from '../jobs/database/open-database.js';
import { pilotResult, progressOf } from '../jobs/job-progress.js';
import { getJob, type Job } from '../jobs/jobs.js';
import {
  databaseLocation,
  DEFAULT_PARALLEL,
  listJobSource,
  workOnJobs,
  type WorkOptions,
} from '../jobs/work-on-jobs.js';
import { listWorkers } from '../jobs/workers.js';
import type { CommandContext } from './command-context.js';
import { INTERRUPTED, USAGE_ERROR } from './exit-codes.js';
import { describePilot, describeProgress, describeState } from './job-texts.js';
import { withEngine } from './with-engine.js';

/** Milliseconds between two looks at the progress. */
const WATCH_MS = 1_000;
/** Milliseconds between two looks for the first item of a source. */
const LISTING_POLL_MS = 100;

/** Opens the job database, calls `work`, and closes it in any case. */
export async function withJobs<T>(
  configuration: Configuration,
  work: (database: JobDatabase) => Promise<T>,
): Promise<T> {
  const database = await openJobDatabase(databaseLocation(configuration));
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/**
 * Shows the progress of a job until it ends or waits for a decision. The work is done by the workers that live, for
 * example a service; without one, by this process.
 *
 * Ctrl-C: the items in work are finished. With a second one they go back to the queue.
 *
 * @returns the exit code: 130 if interrupted.
 */
export async function workOnJob(
  job: Job,
  database: JobDatabase,
  configuration: Configuration,
  context: CommandContext,
  onItem?: WorkOptions['onItem'],
): Promise<number> {
  const { terminal, signal } = context;
  if (job.kind === 'batch') {
    terminal.note('A service works on batches: npx salamandra serve');
    return 0;
  }
  const watch = new AbortController();
  const watching = watchJob(job.id, database, context, AbortSignal.any([watch.signal, signal]));
  const workers = (await listWorkers(database)).filter(({ model }) => hasModel(model, job));
  if (workers.length > 0) {
    const names = workers.map(({ host, pid }) => `${host}:${pid}`).join(', ');
    terminal.note(`Working: ${names}. Ctrl-C ends this display; the job goes on.`);
    await watching;
  } else {
    const onNote = (line: string) => terminal.note(line);
    const work = { database, configuration: withUrls(configuration), jobId: job.id, onNote };
    const listing = listJobSource(work, signal);
    try {
      // Loading a model takes minutes: it is loaded only if there is work for it.
      if (await hasWork(job.id, database, listing)) {
        await withEngine({ configuration }, context, async (engine, model) => {
          const mediaWorker = context.workers.media;
          const tools = { engine, model, mediaWorker, parallel: DEFAULT_PARALLEL };
          await workOnJobs({ ...work, ...tools, ...(onItem && { onItem }) }, signal);
        });
      }
      await listing;
    } finally {
      watch.abort();
      await watching.catch(() => undefined);
    }
  }
  return await reportEnd(job.id, database, context);
}

/** Whether a worker has the model of a job, as far as the job names one. @param model `id (precision)` */
function hasModel(model: string, { model: pinned, model_name: name }: Job): boolean {
  if (pinned) return model === `${pinned.id} (${pinned.precision})`;
  return name === null || model.startsWith(`${name} (`);
}

/**
 * Switches URLs on unless the configuration names the allowed hosts. They are off by default to protect a service from
 * its clients; here the user named the source. Private addresses stay forbidden.
 */
export function withUrls(configuration: Configuration): Configuration {
  if (configuration.mediaUrls !== 'off') return configuration;
  return { ...configuration, mediaUrls: { allowedDomains: null } };
}

/** Whether a job has an item to work on, as soon as that is known. */
async function hasWork(
  jobId: string,
  database: JobDatabase,
  listing: Promise<void>,
): Promise<boolean> {
  const isListed = { value: false };
  void listing.catch(() => undefined).then(() => (isListed.value = true));
  for (;;) {
    const wasListed = isListed.value;
    const { state, counts, pilot_state } = await getJob(database, jobId);
    if (state !== 'active') return false;
    if (counts.queued + counts.active > 0 && pilot_state !== 'pending') return true;
    if (wasListed) return false;
    await setTimeout(LISTING_POLL_MS);
  }
}

/** Shows the progress of a job until it ends or waits for a decision, or until `stop`. */
export async function watchJob(
  jobId: string,
  database: JobDatabase,
  { terminal }: CommandContext,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const job = await getJob(database, jobId);
    const state = describeState(job, database.now());
    const progress = await progressOf(database, job);
    terminal.progress(
      `${job.name}: ${state} · ${describeProgress(job, progress)}`,
      // A line in a log file for each tenth.
      `${job.name}: ${state} · ${briefProgress(progress.ended, progress.total)}`,
    );
    if (job.state !== 'active' && job.state !== 'cancelling') return;
    await setTimeout(WATCH_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

function briefProgress(ended: number, total: number): string {
  const percent = total === 0 ? 0 : Math.floor((ended / total) * 10) * 10;
  return `${percent} % of ${total}`;
}

/** Prints how a job ended and what can be done next. @returns the exit code. */
async function reportEnd(
  jobId: string,
  database: JobDatabase,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const job = await getJob(database, jobId);
  const progress = await progressOf(database, job);
  const line = describeProgress(job, progress);
  if (job.state === 'active') {
    terminal.note(`Stopped: ${line}.`);
    terminal.note(`Go on: run the same command again, or npx salamandra jobs resume ${job.id}`);
    return signal.aborted ? INTERRUPTED : 0;
  }
  const pilot = await pilotResult(database, job);
  if (job.state === 'paused' && pilot) {
    for (const text of describePilot(job, pilot, progress)) terminal.note(text);
    return 0;
  }
  terminal.note(`${job.name}: ${describeState(job, database.now())} · ${line}`);
  if (job.counts.dead > 0) {
    terminal.note(`The failures with their reasons: npx salamandra jobs show ${job.id} --failed`);
  }
  return job.listing_error === '' ? 0 : USAGE_ERROR;
}
