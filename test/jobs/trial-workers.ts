import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { createJob, getJob } from '../../src/jobs/jobs.js';
import { listItems, readTexts } from '../../src/jobs/items.js';
import { poll } from '../setup/poll.js';
import { newLocation, tableRequest, waitForEnd, withDatabase } from './trial-database.js';
import { startWorker } from './trial-processes.js';
import type { Trial } from './trial-report.js';

const END_MS = 300_000;
/** Frozen workers lose their items after it. */
const SHORT_LEASE_MS = 1_500;

/** A table with rows `n0`, `n1`, …; the files are not read. @returns its path. */
export async function writeTable(folder: string, rows: number): Promise<string> {
  const path = join(folder, `rows-${rows}.csv`);
  const lines = Array.from({ length: rows }, (_, index) => `n${index},/photos/n${index}.jpg\n`);
  await writeFile(path, ['id,path\n', ...lines].join(''));
  return path;
}

/** Several worker processes on one PostgreSQL: their rate, and a worker that is frozen past its lease. */
export async function runWorkers(trial: Trial): Promise<void> {
  const { cluster, report } = trial;
  if (!cluster) {
    report.note('workers: skipped, because PostgreSQL is not installed');
    return;
  }
  await compareRates(trial);
  await freezeWorker(trial);
}

async function compareRates(trial: Trial): Promise<void> {
  const { isShort, report } = trial;
  const [one, three] = [
    await measureRate(trial, 1, isShort ? 16 : 120),
    await measureRate(trial, 3, isShort ? 48 : 360),
  ];
  // The short form runs beside other specs, and has four items for each place.
  const bound = isShort ? 2 : 2.7;
  report.check({
    what: 'workers: rate of three processes on one PostgreSQL, relative to one',
    bound: `>= ${bound}`,
    measured: `${(three / one).toFixed(2)} (${one.toFixed(2)} and ${three.toFixed(2)} items/s)`,
    holds: three / one >= bound,
  });
}

/** Items per second from the first to the last result, with an engine of fixed delay. */
async function measureRate(trial: Trial, processes: number, items: number): Promise<number> {
  const { folder, isShort } = trial;
  const location = await newLocation(trial, 'postgres', `rate-${processes}`);
  const table = await writeTable(folder, items);
  return await withDatabase(location, async (database) => {
    const { id } = await createJob(database, tableRequest(table));
    const lister = { location, delayMs: 0, readsFiles: false, temporaryFolder: folder };
    const listing = await startWorker({ ...lister, parallel: 0, listsOnly: true });
    await poll(async () => (await getJob(database, id)).listed_at > 0 || undefined);
    listing.kill('SIGTERM');
    await listing.ended;
    const delayMs = isShort ? 1_000 : 1_500;
    const workers = await Promise.all(
      Array.from({ length: processes }, () =>
        startWorker({ ...lister, delayMs, parallel: 4, jobId: id }),
      ),
    );
    await waitForEnd(database, id, END_MS);
    await Promise.all(workers.map(({ ended }) => ended));
    const done = (await listItems(database, id, { limit: items })).map((item) => item.finished_at);
    // The first results come after one delay, in which all workers were busy too.
    return items / ((Math.max(...done) - Math.min(...done) + delayMs) / 1_000);
  });
}

/** SIGSTOP past the lease: another worker takes the item, and the answer of the first is refused. */
async function freezeWorker(trial: Trial): Promise<void> {
  const { folder, report } = trial;
  const location = await newLocation(trial, 'postgres', 'frozen');
  const table = await writeTable(folder, 1);
  await withDatabase(location, async (database) => {
    const { id } = await createJob(database, tableRequest(table));
    const base = { location, readsFiles: false, parallel: 1, leaseMs: SHORT_LEASE_MS };
    const options = { ...base, jobId: id, temporaryFolder: folder, delayMs: 1_000 };
    const acknowledgements = [join(folder, 'ack-frozen'), join(folder, 'ack-other')] as const;
    const frozen = await startWorker({ ...options, acknowledgements: acknowledgements[0] });
    const [item] = await poll(async () => await itemsInWork(database, id));
    frozen.kill('SIGSTOP');
    const other = await startWorker({ ...options, acknowledgements: acknowledgements[1] });
    await waitForEnd(database, id, END_MS);
    const [before] = (await readTexts(database.db, [item.id])).values();
    const winner = await getJob(database, id);
    frozen.kill('SIGCONT');
    await Promise.all([frozen.ended, other.ended]);
    await setTimeout(100);
    const [after] = await listItems(database, id, { limit: 1 });
    const [texts] = (await readTexts(database.db, [item.id])).values();
    const { counts } = await getJob(database, id);
    const [late, current] = await Promise.all(acknowledgements.map(countLines));
    report.check({
      what: 'workers: an item of a worker frozen past its lease is done by another one',
      bound: 'epoch 2, state done',
      measured: `epoch ${after?.epoch ?? 0}, state ${winner.state}`,
      holds: after?.epoch === 2 && winner.state === 'done' && current === 1,
    });
    report.check({
      what: 'workers: the late answer of the frozen worker is refused',
      bound: '0 stored, 1 done',
      measured: `${late ?? 0} stored, ${counts.done} done`,
      holds: late === 0 && counts.done === 1 && JSON.stringify(texts) === JSON.stringify(before),
    });
  });
}

async function itemsInWork(
  database: JobDatabase,
  jobId: string,
): Promise<[{ readonly id: number }] | undefined> {
  const [item] = await listItems(database, jobId, { limit: 1, state: 'active' });
  return item && [item];
}

async function countLines(path: string): Promise<number> {
  return (await readFile(path, 'utf8').catch(() => '')).split('\n').length - 1;
}
