import { rm } from 'node:fs/promises';

import { claimItems } from '../../src/jobs/claims.js';
import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import type { DatabaseLocation } from '../../src/jobs/database/open-database.js';
import { releaseItems } from '../../src/jobs/finish-items.js';
import { countFailures, pilotResult, progressOf } from '../../src/jobs/job-progress.js';
import { createJob, getJob, listJobs, listSkipped } from '../../src/jobs/jobs.js';
import { listWorkers } from '../../src/jobs/workers.js';
import { poll } from '../setup/poll.js';
import { MODEL } from './job-fixture.js';
import { kindsOf, newLocation, tableRequest, withDatabase } from './trial-database.js';
import { type ProcessUsage, startWorker } from './trial-processes.js';
import type { Trial } from './trial-report.js';
import { writeTable } from './trial-workers.js';

const FEW_ROWS = 1_000;
const LISTING_MS = 900_000;
const CLAIMS = 40;

/** A million rows: enqueued in time and memory, and nothing else becomes slow. */
export async function runScale(trial: Trial): Promise<void> {
  const { folder, isShort, report } = trial;
  const rows = isShort ? 20_000 : 1_000_000;
  const fewTable = await writeTable(folder, FEW_ROWS);
  const manyTable = await writeTable(folder, rows);
  for (const kind of kindsOf(trial)) {
    const few = await newLocation(trial, kind, 'few');
    const many = await newLocation(trial, kind, 'many');
    await enqueue(trial, few, fewTable);
    const { seconds, usage } = await enqueue(trial, many, manyTable);
    const allowed = (120 * rows) / 1_000_000;
    // In the short form, the start of the process and other specs beside it outweigh the work.
    const suffix = isShort ? ' (figure only)' : '';
    report.check({
      what: `scale, ${kind}: ${rows} rows of a CSV enqueued`,
      bound: `< ${allowed.toFixed(1)} s${suffix}, < 300 MB`,
      measured: `${seconds.toFixed(1)} s, ${usage.peakMb.toFixed(0)} MB`,
      holds: (isShort || seconds < allowed) && usage.peakMb < 300,
    });
    const fewMs = await withDatabase(few, claimMs);
    const manyMs = await withDatabase(many, claimMs);
    report.check({
      what: `scale, ${kind}: a claim of 4 items with ${rows} queued, relative to ${FEW_ROWS}`,
      bound: `<= 2${suffix}`,
      measured: `${(manyMs / fewMs).toFixed(2)} (${fewMs.toFixed(2)} and ${manyMs.toFixed(2)} ms, medians)`,
      holds: isShort || manyMs / fewMs <= 2,
    });
    await withDatabase(many, async (database) => {
      for (const [name, read] of [
        ['jobs list', readList],
        ['jobs show', readShow],
      ] as const) {
        const ms = await medianMs(7, () => read(database));
        report.check({
          what: `scale, ${kind}: ${name} with ${rows} items`,
          bound: '< 100 ms',
          measured: `${ms.toFixed(1)} ms (median)`,
          holds: ms < 100,
        });
      }
    });
    if (many.kind === 'sqlite') await rm(many.path);
  }
}

/** By a process that only lists. */
async function enqueue(
  { folder }: Trial,
  location: DatabaseLocation,
  table: string,
): Promise<{ readonly seconds: number; readonly usage: ProcessUsage }> {
  return await withDatabase(location, async (database) => {
    const { id, created_at } = await createJob(database, tableRequest(table));
    const common = { location, readsFiles: false, temporaryFolder: folder, delayMs: 0 };
    const lister = await startWorker({ ...common, parallel: 0, listsOnly: true });
    const listedAt = await poll(
      async () => (await getJob(database, id)).listed_at || undefined,
      LISTING_MS,
    );
    lister.kill('SIGTERM');
    await lister.ended;
    const usage = lister.usage();
    if (!usage) throw new Error(`The lister failed: ${lister.notes.join('')}`);
    // Includes the start of the process.
    return { seconds: (listedAt - created_at) / 1_000, usage };
  });
}

/** Median milliseconds of a claim of four items, each with its release. */
async function claimMs(database: JobDatabase): Promise<number> {
  const options = { limit: 4, modelName: MODEL.id, isIdle: true };
  const times: number[] = [];
  for (let round = 0; round < CLAIMS; round++) {
    const start = performance.now();
    const claims = await claimItems(database, 'trial', MODEL, options);
    times.push(performance.now() - start);
    if (claims.length !== 4) throw new Error(`${claims.length} items were claimed.`);
    // Half of them stay claimed, so that the head of the queue moves.
    await releaseItems(database, claims.slice(2));
  }
  return median(times);
}

/** What `jobs list` reads. */
async function readList(database: JobDatabase): Promise<void> {
  for (const job of await listJobs(database, { limit: 1_000 })) await progressOf(database, job);
}

/** What `jobs show` reads. */
async function readShow(database: JobDatabase): Promise<void> {
  const job = await getJob(database, 'last');
  await progressOf(database, job);
  await countFailures(database, job.id);
  await listSkipped(database, job.id, { limit: 1_000 });
  await listWorkers(database);
  await pilotResult(database, job);
}

async function medianMs(rounds: number, run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return median(times);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
