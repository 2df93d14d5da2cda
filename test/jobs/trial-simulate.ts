import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

import { sql } from 'kysely';

import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { createJob, getJob } from '../../src/jobs/jobs.js';
import { poll } from '../setup/poll.js';
import { listChildren } from '../setup/processes.js';
import { newLocation, tableRequest, withDatabase } from './trial-database.js';
import { startWorker } from './trial-processes.js';
import type { Trial } from './trial-report.js';
import { writeTable } from './trial-workers.js';

const PROCESSES = 8;
const WORKERS_PER_PROCESS = 8;
const PARALLEL = 4;
/** Clock ticks a second of `/proc/PID/stat`. */
const TICKS = 100;

/** 64 workers of fixed delay on one PostgreSQL: claims a second, idle time of the workers, load of the database. */
export async function runSimulation(trial: Trial): Promise<void> {
  const { cluster, folder, report } = trial;
  if (!cluster) {
    report.note('simulate: skipped, because PostgreSQL is not installed');
    return;
  }
  // The fastest machine of docs/scaling.md needs 12 s for an item; 4 s is a fleet three times as fast.
  for (const delayMs of [12_000, 4_000, 1_000]) {
    const slots = PROCESSES * WORKERS_PER_PROCESS * PARALLEL;
    // A multiple of each delay: results come in waves.
    const seconds = 36;
    const table = await writeTable(folder, Math.ceil((slots * 1_000 * 120) / delayMs));
    const location = await newLocation(trial, 'postgres', `simulate_${delayMs}`);
    await withDatabase(location, async (database) => {
      const { id } = await createJob(database, tableRequest(table));
      const common = { location, readsFiles: false, temporaryFolder: folder, parallel: PARALLEL };
      const workers = await Promise.all(
        Array.from({ length: PROCESSES }, () =>
          startWorker({ ...common, delayMs, workers: WORKERS_PER_PROCESS }),
        ),
      );
      await poll(async () => {
        const { counts, listed_at } = await getJob(database, id);
        return (listed_at > 0 && counts.done > slots * 1.2) || undefined;
      });
      const before = await readLoad(database, id);
      await setTimeout(seconds * 1_000);
      const after = await readLoad(database, id);
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map(({ ended }) => ended));
      const elapsed = (after.ms - before.ms) / 1_000;
      const rate = (after.done - before.done) / elapsed;
      const ideal = (slots * 1_000) / delayMs;
      const commits = (after.commits - before.commits) / elapsed;
      const cpu = (after.serverSeconds - before.serverSeconds) / elapsed;
      report.note(
        [
          `simulate: ${PROCESSES * WORKERS_PER_PROCESS} workers, ${PARALLEL} items in parallel, ${delayMs / 1_000} s each`,
          `${rate.toFixed(1)} of ${ideal.toFixed(1)} items/s`,
          `idle ${Math.max(0, 100 - (100 * rate) / ideal).toFixed(1)} %`,
          `${commits.toFixed(0)} transactions/s`,
          `server ${(cpu * 100).toFixed(0)} % of a core`,
          `${((1_000 * cpu) / rate).toFixed(2)} ms of it per item`,
        ].join('; '),
      );
    });
  }
}

async function readLoad(
  database: JobDatabase,
  jobId: string,
): Promise<{
  readonly ms: number;
  readonly done: number;
  readonly commits: number;
  readonly serverSeconds: number;
}> {
  const { counts } = await getJob(database, jobId);
  const ms = performance.now();
  const { rows } = await sql<{ commits: number; pid: number }>`
    select xact_commit as commits, pg_backend_pid() as pid
    from pg_stat_database where datname = current_database()`.execute(database.db);
  const [row] = rows;
  const server = await readProcess(row?.pid ?? 0);
  const postmaster = await readProcess(server.parent);
  // Connections that ended are part of the postmaster's time.
  const children = await Promise.all(listChildren(server.parent).map(readProcess));
  const ticks = children.reduce((sum, child) => sum + child.ticks, postmaster.ticksWithReaped);
  return {
    ms,
    done: counts.done,
    commits: row?.commits ?? 0,
    serverSeconds: ticks / TICKS,
  };
}

/** Parent and processor time of a process, in clock ticks; see proc_pid_stat(5). */
async function readProcess(pid: number): Promise<{
  readonly parent: number;
  readonly ticks: number;
  /** With its children that ended. */
  readonly ticksWithReaped: number;
}> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, reapedUser = 0, reapedSystem = 0] = fields.slice(11, 15);
  const ticks = user + system;
  return { parent: fields[1] ?? 0, ticks, ticksWithReaped: ticks + reapedUser + reapedSystem };
}
