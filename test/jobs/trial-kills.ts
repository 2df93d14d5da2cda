import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { createRandom } from '../../src/decoder/sampling/random.js';
import type { DatabaseLocation } from '../../src/jobs/database/open-database.js';
import { createJob, getJob } from '../../src/jobs/jobs.js';
import { listAgain } from '../../src/jobs/list-source-items.js';
import {
  type Findings,
  folderRequest,
  inspectJob,
  kindsOf,
  newLocation,
  waitForEnd,
  withDatabase,
} from './trial-database.js';
import { type TrialFiles, writeFiles } from './trial-files.js';
import { startWorker, type WorkerProcess } from './trial-processes.js';
import type { Trial, TrialReport } from './trial-report.js';

const WORKERS = 3;
/** A process that does not begin an item within it is killed all the same. */
const BEGIN_MS = 5_000;
const END_MS = 600_000;

/** SIGKILL at random moments to workers, the lister and the database, while items are captioned. */
export async function runKills(trial: Trial): Promise<void> {
  const { folder, isShort, report } = trial;
  const count = isShort ? 80 : 2_000;
  const kills = isShort ? 4 : 200;
  const files = await writeFiles(join(folder, 'files'), count);
  const tryKind = async (kind: DatabaseLocation['kind']) => {
    const start = performance.now();
    const location = await newLocation(trial, kind, 'kills');
    const { findings, killed } = await killAndFinish(trial, location, files, kills);
    const seconds = ((performance.now() - start) / 1_000).toFixed(0);
    report.note(
      `kills, ${kind}: ${count} files, ${files.broken.size} broken; SIGKILL to ${killed}; seed ${trial.seed}; ${seconds} s`,
    );
    checkFindings(report, `kills, ${kind}`, findings, files);
  };
  // At the same time: a process that starts or waits leaves the processor to others.
  await Promise.all(kindsOf(trial).map(tryKind));
}

async function killAndFinish(
  trial: Trial,
  location: DatabaseLocation,
  files: TrialFiles,
  kills: number,
): Promise<{ readonly findings: Findings; readonly killed: string }> {
  const { cluster, folder, isShort, seed } = trial;
  const random = createRandom(seed);
  const acknowledgements = join(folder, `acknowledged-${location.kind}`);
  const { id } = await withDatabase(location, (database) =>
    createJob(database, folderRequest(files.folder)),
  );
  const delayMs = isShort ? 100 : 350;
  const common = { location, delayMs, parallel: 4, readsFiles: true, jobId: id };
  const start = (isLister: boolean) =>
    startWorker({ ...common, acknowledgements, temporaryFolder: folder, listsOnly: isLister });
  const processes: WorkerProcess[] = [];
  for (let index = 0; index <= WORKERS; index++) processes.push(await start(index === WORKERS));
  const killed = { workers: 0, lister: 0, database: 0 };
  for (let kill = 0; kill < kills; kill++) {
    const begun = Date.now();
    const workers = processes.slice(0, WORKERS);
    // A worker that is still starting has nothing to lose.
    while (!workers.some((worker) => worker.isWorking()) && Date.now() - begun < BEGIN_MS) {
      await setTimeout(10);
    }
    await setTimeout(random() * 600);
    // In the short form each target is hit.
    const choice = isShort ? (kill + 0.5) / kills : random();
    if (location.kind === 'postgres' && choice > 0.85) {
      killed.database++;
      await cluster?.kill();
      await setTimeout(random() * 300);
      await cluster?.start();
      continue;
    }
    const working = workers.flatMap((worker, index) => (worker.isWorking() ? [index] : []));
    const isLister = isShort ? kill === 1 : random() < 0.15;
    const index = isLister ? WORKERS : (working[Math.floor(random() * working.length)] ?? 0);
    killed[isLister ? 'lister' : 'workers']++;
    processes[index]?.kill('SIGKILL');
    await processes[index]?.ended;
    // Listing ends within a second. Listing again meets the items of the first time.
    if (isLister) {
      await withDatabase(location, (database) => listAgain(database, id)).catch(() => undefined);
    }
    processes[index] = await start(isLister);
  }
  return await withDatabase(location, async (database) => {
    // A worker ends with its job; those that are left end the rest.
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => start(false)));
    await Promise.race([
      waitForEnd(database, id, END_MS),
      Promise.all(workers.map(({ ended }) => ended)),
    ]);
    for (const process of [...processes, ...workers]) process.kill('SIGTERM');
    await Promise.all([...processes, ...workers].map(({ ended }) => ended));
    const { state } = await getJob(database, id);
    if (state !== 'done') {
      throw new Error(`The job is ${state}: ${workers.flatMap(({ notes }) => notes).join('')}`);
    }
    const findings = await inspectJob(database, id, files, acknowledgements);
    const { workers: w, lister, database: d } = killed;
    return { findings, killed: `workers ${w}, lister ${lister}, database ${d}` };
  });
}

/** The requirements that no kill may break. @param kind what was killed, for the report. */
export function checkFindings(
  report: TrialReport,
  kind: string,
  findings: Findings,
  files: TrialFiles,
): void {
  const zero = (what: string, value: number) =>
    report.check({
      what: `${kind}: ${what}`,
      bound: '0',
      measured: String(value),
      holds: value === 0,
    });
  report.check({
    what: `${kind}: items`,
    bound: String(files.names.length),
    measured: String(findings.items),
    holds: findings.items === files.names.length,
  });
  zero('items that did not end', findings.notEnded);
  zero('items lost', findings.lost);
  zero('results doubled or incomplete', findings.doubled);
  if (findings.acknowledged !== undefined) {
    report.check({
      what: `${kind}: acknowledged results missing`,
      bound: '0',
      measured: `${findings.acknowledgedMissing} of ${findings.acknowledged}`,
      holds: findings.acknowledgedMissing === 0 && findings.acknowledged > 0,
    });
  }
  zero(`files without their end (${files.broken.size} dead letters)`, findings.wrongCodes);
  zero('counters that differ from the counts', findings.miscounted);
  report.note(`${kind}: at most ${findings.mostAttempts} attempts of an item`);
}
