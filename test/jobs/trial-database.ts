import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { sql } from 'kysely';

import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { type DatabaseLocation, openJobDatabase } from '../../src/jobs/database/open-database.js';
import { getJob, type JobRequest } from '../../src/jobs/jobs.js';
import { poll } from '../setup/poll.js';
import { RECIPE } from './job-fixture.js';
import type { TrialFiles } from './trial-files.js';
import type { Trial } from './trial-report.js';

/** The databases of a trial: SQLite, and PostgreSQL where it is installed. */
export function kindsOf({ cluster }: Trial): readonly DatabaseLocation['kind'][] {
  return cluster ? ['sqlite', 'postgres'] : ['sqlite'];
}

/** An empty database for one section. */
export async function newLocation(
  { cluster, folder }: Trial,
  kind: DatabaseLocation['kind'],
  name: string,
): Promise<DatabaseLocation> {
  if (kind === 'sqlite') return { kind, path: join(folder, `${name}.db`) };
  if (!cluster) throw new Error('PostgreSQL is not installed.');
  return { kind, url: await cluster.createDatabase(name.replaceAll('-', '_')) };
}

export async function withDatabase<T>(
  location: DatabaseLocation,
  use: (database: JobDatabase) => Promise<T>,
): Promise<T> {
  const database = await openJobDatabase(location);
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

export function folderRequest(path: string): JobRequest {
  return {
    name: 'trial',
    source: { kind: 'folder', path },
    recipe: RECIPE,
    modelName: null,
  };
}

/** A table with a row per item; its files need not exist for an engine that does not read them. */
export function tableRequest(path: string): JobRequest {
  return { ...folderRequest(path), source: { kind: 'table', path } };
}

/** Waits until the job has ended. */
export async function waitForEnd(
  database: JobDatabase,
  jobId: string,
  timeoutMs: number,
): Promise<void> {
  await poll(async () => {
    const job = await getJob(database, jobId).catch(() => undefined);
    return job?.state === 'done' || undefined;
  }, timeoutMs);
}

/** What a job must be after any number of kills. */
export interface Findings {
  readonly items: number;
  readonly notEnded: number;
  readonly lost: number;
  readonly doubled: number;
  readonly acknowledgedMissing: number;
  /** Undefined if nothing was. */
  readonly acknowledged: number | undefined;
  readonly wrongCodes: number;
  readonly miscounted: number;
  readonly mostAttempts: number;
}

/** @param textsPerItem of an item that is done. @param acknowledgements path of the file that the workers wrote. */
export async function inspectJob(
  database: JobDatabase,
  jobId: string,
  files: TrialFiles,
  acknowledgements: string | undefined,
  textsPerItem = 1,
): Promise<Findings> {
  const { db } = database;
  const items = await db.selectFrom('item').selectAll().where('job_id', '=', jobId).execute();
  const { counts } = await getJob(database, jobId);
  const results = await db.selectFrom('result').selectAll().orderBy('number').execute();
  const texts = new Map<number, string[]>();
  for (const { item_id, text } of results) {
    texts.set(item_id, [...(texts.get(item_id) ?? []), text]);
  }
  const byName = new Map(items.map((item) => [item.identifier, item]));
  const wrongCodes = files.names.filter((name) => {
    const item = byName.get(name);
    return (item?.state === 'dead' ? item.error_code : undefined) !== files.broken.get(name);
  });
  const ids = new Set(items.map(({ id }) => id));
  const hasWrongTexts = ({ id, state }: { readonly id: number; readonly state: string }) =>
    (texts.get(id)?.length ?? 0) !== (state === 'done' ? textsPerItem : 0);
  const acknowledged = await readAcknowledgements(acknowledgements);
  const { rows } = await sql<{ state: keyof typeof counts; items: number }>`
    select state, count(*) as items from item where job_id = ${jobId} group by state`.execute(db);
  const real = { queued: 0, active: 0, done: 0, dead: 0 };
  for (const { state, items: found } of rows) real[state as keyof typeof real] = found;
  return {
    items: items.length,
    notEnded: items.filter(({ state }) => state !== 'done' && state !== 'dead').length,
    lost: files.names.filter((name) => !byName.has(name)).length,
    doubled:
      items.filter(hasWrongTexts).length +
      [...texts.keys()].filter((id) => !ids.has(id)).length +
      (items.length - byName.size) +
      acknowledged.twice,
    acknowledged: acknowledgements === undefined ? undefined : acknowledged.texts.size,
    acknowledgedMissing: [...acknowledged.texts].filter(
      ([id, text]) => texts.get(id)?.join(' ') !== text,
    ).length,
    wrongCodes: wrongCodes.length,
    miscounted: (Object.keys(real) as (keyof typeof real)[]).filter(
      (state) => real[state] !== counts[state],
    ).length,
    mostAttempts: Math.max(...items.map(({ attempts }) => attempts)),
  };
}

async function readAcknowledgements(
  path: string | undefined,
): Promise<{ readonly texts: ReadonlyMap<number, string>; readonly twice: number }> {
  const texts = new Map<number, string>();
  let twice = 0;
  const lines = path === undefined ? '' : await readFile(path, 'utf8').catch(() => '');
  // The last part is empty, or a line whose writer was killed.
  for (const line of lines.split('\n').slice(0, -1)) {
    const [id = '', text = ''] = line.split('\t');
    if (texts.has(Number(id))) twice++;
    texts.set(Number(id), text);
  }
  return { texts, twice };
}
