import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { createRandom } from '../../src/decoder/sampling/random.js';
import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import type { DatabaseLocation } from '../../src/jobs/database/open-database.js';
import { createJob, getJob } from '../../src/jobs/jobs.js';
import { poll } from '../setup/poll.js';
import { folderRequest, inspectJob, kindsOf, waitForEnd, withDatabase } from './trial-database.js';
import { copySamples } from './trial-files.js';
import { checkFindings } from './trial-kills.js';
import type { Trial } from './trial-report.js';

const ROOT = join(import.meta.dirname, '..', '..');
const KILLS = 10;
const END_MS = 300_000;
/** Until a process that was started has stored its first text: it loads the model first. */
const BEGIN_MS = 60_000;

/** SIGKILL to the built service and the built `worker` command, in turns, while the demo model captions pictures. */
export async function runServiceKills(trial: Trial): Promise<void> {
  for (const kind of kindsOf(trial)) await killAndFinish(trial, kind);
}

async function killAndFinish(trial: Trial, kind: DatabaseLocation['kind']): Promise<void> {
  const { cluster, folder, report, seed } = trial;
  const random = createRandom(seed);
  const files = await copySamples(join(folder, `samples-${kind}`));
  const home = join(folder, `home-${kind}`);
  await mkdir(home);
  // The demo model as the installation converted it; otherwise the first process does.
  const packages = join(ROOT, '.salamandra', 'packages');
  await mkdir(packages, { recursive: true });
  await symlink(packages, join(home, 'packages'));
  const url = kind === 'postgres' ? await cluster?.createDatabase('service') : undefined;
  const location: DatabaseLocation =
    url === undefined ? { kind: 'sqlite', path: join(home, 'jobs.db') } : { kind: 'postgres', url };
  const env = {
    ...process.env,
    ...{ SALAMANDRA_HOME: home, SALAMANDRA_MODEL: 'demo', PORT: '0', HOST: '127.0.0.1' },
    ...(url !== undefined && { DATABASE_URL: url }),
  };
  await withDatabase(location, async (database) => {
    const { id } = await createJob(database, folderRequest(files.folder));
    let kills = 0;
    for (; kills < KILLS && (await getJob(database, id)).state === 'active'; kills++) {
      const process_ = start(kills % 2 === 0 ? ['main.js'] : ['cli.js', 'worker'], env);
      await waitForText(database, id);
      await setTimeout(random() * 150);
      process_.kill('SIGKILL');
      await once(process_, 'close');
    }
    const last = start(['cli.js', 'worker'], env);
    await waitForEnd(database, id, END_MS);
    last.kill('SIGTERM');
    await once(last, 'close');
    const findings = await inspectJob(database, id, files, undefined);
    report.note(
      `${kind}: ${files.names.length} files, the demo model, SIGKILL to service and worker in turns: ${kills}`,
    );
    checkFindings(report, `service, ${kind}`, findings, files);
  });
}

function start(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const [entry = '', ...args] = command;
  return spawn(process.execPath, [join(ROOT, 'dist', entry), ...args], { env, stdio: 'ignore' });
}

/** Waits for the next text, so that every process is killed at work. */
async function waitForText(database: JobDatabase, jobId: string): Promise<void> {
  const before = (await getJob(database, jobId)).counts.done;
  await poll(async () => {
    const { counts, state } = await getJob(database, jobId);
    return counts.done > before || state !== 'active' || undefined;
  }, BEGIN_MS);
}
