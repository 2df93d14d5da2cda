import { createJob, getJob } from '../../src/jobs/jobs.js';
import type { DatabaseLocation } from '../../src/jobs/database/open-database.js';
import { poll } from '../setup/poll.js';
import { kindsOf, newLocation, tableRequest, waitForEnd, withDatabase } from './trial-database.js';
import { startWorker } from './trial-processes.js';
import type { Trial } from './trial-report.js';
import { writeTable } from './trial-workers.js';

/** Seconds of one captioned picture of 40 tokens: the demo model, the fastest row of docs/performance.md, and 2B. */
const REAL_ITEMS = [
  { model: 'demo', seconds: 0.314 },
  { model: '2B', seconds: 36 },
] as const;
const END_MS = 300_000;

interface Setup {
  readonly processes: number;
  readonly parallel: number;
  readonly items: number;
  readonly minRate: number;
}

/** Items a second with an engine that answers at once. */
export async function runMachinery(trial: Trial): Promise<void> {
  const { isShort } = trial;
  const setups: Readonly<Record<DatabaseLocation['kind'], Setup>> = {
    sqlite: { processes: 1, parallel: 8, items: isShort ? 500 : 4_000, minRate: 150 },
    postgres: {
      processes: isShort ? 2 : 8,
      parallel: 16,
      items: isShort ? 1_000 : 20_000,
      minRate: 1_000,
    },
  };
  for (const kind of kindsOf(trial)) await measure(trial, kind, setups[kind]);
}

async function measure(
  trial: Trial,
  kind: DatabaseLocation['kind'],
  { processes, parallel, items, minRate }: Setup,
): Promise<void> {
  const { folder, isShort, report } = trial;
  const location = await newLocation(trial, kind, 'machinery');
  const table = await writeTable(folder, items);
  await withDatabase(location, async (database) => {
    const { id } = await createJob(database, tableRequest(table));
    const common = { location, readsFiles: false, temporaryFolder: folder, delayMs: 0 };
    const lister = await startWorker({ ...common, parallel: 0, listsOnly: true });
    await poll(async () => (await getJob(database, id)).listed_at > 0 || undefined);
    lister.kill('SIGTERM');
    await lister.ended;
    const workers = await Promise.all(
      Array.from({ length: processes }, () => startWorker({ ...common, parallel, jobId: id })),
    );
    await waitForEnd(database, id, END_MS);
    await Promise.all(workers.map(({ ended }) => ended));
    const { items: done, seconds } = await busiestSpan(database, id);
    const rate = done / seconds;
    const cpuMs = workers.reduce((sum, worker) => sum + (worker.usage()?.cpuMs ?? 0), 0) / items;
    report.check({
      what: `machinery, ${kind}: items a second of ${processes} processes, ${parallel} in parallel`,
      // The short form starts its processes for longer than it works.
      bound: isShort ? `>= ${minRate} (figure only)` : `>= ${minRate}`,
      measured: `${rate.toFixed(0)} (${cpuMs.toFixed(2)} ms of processor time each)`,
      holds: isShort || rate >= minRate,
    });
    for (const { model, seconds: real } of kind === 'sqlite' ? REAL_ITEMS : []) {
      const share = 100 / rate / real;
      report.check({
        what: `machinery, ${kind}: share of an item of ${model} (${real} s)`,
        bound: '< 2 %',
        measured: `${share.toFixed(3)} % (${(1_000 / rate).toFixed(2)} ms, ${cpuMs.toFixed(2)} ms of processor time)`,
        holds: isShort || share < 2,
      });
    }
  });
}

/** Between the first and the last result, when all processes have started: the last two thirds of the items. */
async function busiestSpan(
  { db }: Parameters<typeof getJob>[0],
  jobId: string,
): Promise<{ readonly items: number; readonly seconds: number }> {
  const rows = await db
    .selectFrom('item')
    .select('finished_at')
    .where('job_id', '=', jobId)
    .where('finished_at', '>', 0)
    .orderBy('finished_at')
    .execute();
  const span = rows.slice(Math.floor(rows.length / 3));
  const [first, last] = [span[0], span.at(-1)];
  if (!first || !last) throw new Error('No item was done.');
  return { items: span.length, seconds: Math.max(1, last.finished_at - first.finished_at) / 1_000 };
}
