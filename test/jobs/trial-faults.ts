import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { sql } from 'kysely';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import type { Claim } from '../../src/jobs/claims.js';
import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { refuseNetworkFolder } from '../../src/jobs/database/network-folder.js';
import { createJob, getJob } from '../../src/jobs/jobs.js';
import { poll } from '../setup/poll.js';
import { claim, list, names, outcomeOf, request, work } from './job-fixture.js';
import {
  inspectJob,
  newLocation,
  tableRequest,
  waitForEnd,
  withDatabase,
} from './trial-database.js';
import { startWorker } from './trial-processes.js';
import type { Trial } from './trial-report.js';
import { writeTable } from './trial-workers.js';

const ITEMS = 60;
const HOUR_MS = 3_600_000;
/** So that a database without room fills. */
const LONG_TEXT = 'An image of a fox at dusk. '.repeat(100);
/** The magic number of NFS in `statfs(2)`. */
const NFS = 0x6969;

/** Failures of the database and the machine: the work waits, with a reason, and nothing is lost. */
export async function runFaults(trial: Trial): Promise<void> {
  await fillDisk(trial);
  await makeReadOnly(trial);
  await setClockBack(trial);
  await refuseNetwork(trial);
  await shareFile(trial);
  if (!trial.cluster) return;
  await makeServerReadOnly(trial);
  await restartServer(trial);
}

/** A job that is worked on in this process while a fault begins and ends. */
interface Faulty {
  readonly what: string;
  readonly database: JobDatabase;
  /** Called when a few items are done. */
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
  /** What the operator must be told. */
  readonly reason: RegExp;
}

async function workThrough({ report }: Trial, fault: Faulty): Promise<void> {
  const { what, database, begin, end, reason } = fault;
  const { id } = await createJob(database, request());
  await list(database, names(ITEMS));
  const notes: string[] = [];
  const gate = { begun: 0 };
  const working = work(database, {
    onNote: (line) => notes.push(line),
    process: async (claimed: Claim) => {
      gate.begun++;
      await setTimeout(30);
      return outcomeOf(claimed, `${claimed.identifier} ${LONG_TEXT}`);
    },
  });
  await poll(() => gate.begun > 8 || undefined);
  await begin();
  await poll(() => notes.some((note) => reason.test(note)) || undefined);
  await end();
  await working;
  const { state } = await getJob(database, id);
  const files = { folder: '', names: names(ITEMS), broken: new Map<string, string>() };
  const found = await inspectJob(database, id, files, undefined);
  const wrong = found.lost + found.doubled + found.wrongCodes + found.miscounted + found.notEnded;
  report.check({
    what: `faults: ${what}`,
    bound: 'waits with the reason, then done; 0 lost, doubled, failed or miscounted',
    measured: `"${notes.find((note) => reason.test(note)) ?? ''}", ${state}; ${wrong}`,
    holds: state === 'done' && wrong === 0,
  });
}

async function fillDisk(trial: Trial): Promise<void> {
  await withDatabase(await newLocation(trial, 'sqlite', 'full'), async (database) => {
    const limit = (pages: number) =>
      sql.raw(`pragma max_page_count = ${pages}`).execute(database.db);
    await workThrough(trial, {
      what: 'disk full (SQLite without further pages)',
      database,
      begin: () => limit(1),
      end: () => limit(1_000_000),
      reason: /the disk is full/,
    });
  });
}

async function makeReadOnly(trial: Trial): Promise<void> {
  await withDatabase(await newLocation(trial, 'sqlite', 'read-only'), async (database) => {
    const set = (value: number) => sql.raw(`pragma query_only = ${value}`).execute(database.db);
    await workThrough(trial, {
      what: 'read-only database (SQLite)',
      database,
      begin: () => set(1),
      end: () => set(0),
      reason: /read-only/,
    });
  });
}

/** Both changes also end all connections, as a failover does. */
async function makeServerReadOnly(trial: Trial): Promise<void> {
  const location = await newLocation(trial, 'postgres', 'read_only');
  await withDatabase(location, async (database) => {
    await withDatabase(location, async (other) => {
      const set = async (value: 'on' | 'off') => {
        const change = sql.raw(
          `begin read write; alter database read_only set default_transaction_read_only = ${value}; commit`,
        );
        await change.execute(other.db);
        await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`.execute(other.db);
      };
      await workThrough(trial, {
        what: 'read-only database and connections ended (PostgreSQL)',
        database,
        begin: () => set('on'),
        end: () => set('off'),
        reason: /read-only/,
      });
    });
  });
}

async function restartServer(trial: Trial): Promise<void> {
  await withDatabase(await newLocation(trial, 'postgres', 'restarted'), async (database) => {
    let restart: Promise<unknown> = Promise.resolve();
    await workThrough(trial, {
      what: 'PostgreSQL restarted in mid-job',
      database,
      begin: () => {
        restart = trial.cluster?.restart() ?? restart;
        return Promise.resolve();
      },
      end: () => restart,
      reason: /does not answer/,
    });
  });
}

/** Leases and waiting times of the later clock must not block the work for an hour. */
async function setClockBack(trial: Trial): Promise<void> {
  const { report } = trial;
  await withDatabase(await newLocation(trial, 'sqlite', 'clock'), async (database) => {
    const { id } = await createJob(database, request());
    await list(database, names(ITEMS));
    const held = await claim(database, 'a worker that died', 10);
    const earlier = { ...database, now: () => Date.now() - HOUR_MS };
    const start = performance.now();
    await work(earlier, { process: outcomeOf });
    const seconds = (performance.now() - start) / 1_000;
    const { state, counts } = await getJob(database, id);
    report.check({
      what: `faults: clock set back by an hour with ${held.length} leases of a dead worker`,
      bound: `done ${ITEMS} in < 60 s`,
      measured: `${state} ${counts.done} in ${seconds.toFixed(1)} s`,
      holds: state === 'done' && counts.done === ITEMS && seconds < 60,
    });
  });
}

async function refuseNetwork({ report, folder }: Trial): Promise<void> {
  // A real mount needs a server. The check of the type is the product's.
  const readType = () => Promise.resolve({ type: NFS });
  const error = await refuseNetworkFolder(folder, readType).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const isRefused = error instanceof SalamandraError && /NFS/.test(error.publicMessage);
  report.check({
    what: 'faults: SQLite on a network folder (statfs reports NFS)',
    bound: 'INVALID_PARAMETER',
    measured: error instanceof SalamandraError ? error.code : 'accepted',
    holds: isRefused,
  });
}

/** Two processes on one SQLite file. */
async function shareFile(trial: Trial): Promise<void> {
  const { folder, isShort, report } = trial;
  const items = isShort ? 60 : 600;
  const location = await newLocation(trial, 'sqlite', 'shared');
  const table = await writeTable(folder, items);
  const acknowledgements = join(folder, 'acknowledged-shared');
  await withDatabase(location, async (database) => {
    const { id } = await createJob(database, tableRequest(table));
    const options = { location, jobId: id, delayMs: 20, parallel: 4, temporaryFolder: folder };
    const workers = await Promise.all(
      [0, 1].map(() => startWorker({ ...options, readsFiles: false, acknowledgements })),
    );
    await waitForEnd(database, id, 120_000);
    await Promise.all(workers.map(({ ended }) => ended));
    const files = { folder: '', names: names(items), broken: new Map<string, string>() };
    const found = await inspectJob(database, id, files, acknowledgements);
    const wrong = found.lost + found.doubled + found.wrongCodes + found.miscounted;
    report.check({
      what: `faults: two processes on one SQLite file, ${items} items`,
      bound: `${items} acknowledged once; 0 lost, doubled, failed or miscounted`,
      measured: `${found.acknowledged ?? 0} acknowledged; ${wrong}`,
      holds: found.acknowledged === items && wrong === 0,
    });
  });
}
