import { setTimeout } from 'node:timers/promises';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { type Claim, claimItems, finishItems, type ItemOutcome } from '../../src/jobs/claims.js';
import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { type JobWorkerOptions, runJobWorker } from '../../src/jobs/job-worker.js';
import { getJob, type JobRequest } from '../../src/jobs/jobs.js';
import type { Recipe } from '../../src/jobs/recipe.js';
import type { ListedEntry } from '../../src/jobs/sources/source.js';

export const MODEL = { id: 'demo', revision: 'a1', precision: 'int8' };
export const RECIPE: Recipe = {
  languages: ['ca'],
  kinds: ['caption'],
  detail: 'auto',
  granularity: { kind: 'whole' },
  sampling: { mode: 'uniform', frames: { count: 4 } },
};

/** A job without a source that can be read; see `work`. */
export function request(): JobRequest {
  return {
    name: 'photos',
    source: { kind: 'folder', path: '/photos' },
    recipe: RECIPE,
    modelName: null,
  };
}

export function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index}`);
}

export function entryOf(name: string): ListedEntry {
  const location = { kind: 'file', path: `/photos/${name}` } as const;
  return { item: { identifier: name, location, record: {} }, cursor: name.slice(1) };
}

export function outcomeOf(claim: Claim, text = `text of ${claim.identifier}`): ItemOutcome {
  return {
    fingerprint: claim.identifier,
    sha256: 'ab',
    size: 1,
    modifiedAt: 2,
    report: { model: 'demo' },
    texts: [{ language: 'ca', kind: 'caption', text, finishReason: 'stop' }],
    isReused: false,
    busyMs: 3,
  };
}

export function damaged(): SalamandraError {
  return new SalamandraError('MEDIA_CORRUPT', 'The PNG file is damaged at byte 3.');
}
export interface Work extends Partial<Pick<JobWorkerOptions, 'listSource' | 'parallel'>> {
  readonly entries?: readonly string[];
  readonly process: (claim: Claim) => ItemOutcome;
  readonly stop?: AbortController;
}

/** Works on the newest job with entries in place of its source, until it ends. */
export async function work(
  database: JobDatabase,
  { entries = [], process, stop, ...options }: Work,
): Promise<void> {
  const { id } = await getJob(database, 'last');
  await runJobWorker(
    {
      database,
      model: MODEL,
      modelName: 'demo',
      parallel: 4,
      jobId: id,
      listing: { policy: null },
      listSource: () => listEntries(entries),
      process: (claim) => new Promise((resolve) => resolve(process(claim))),
      ...options,
    },
    (stop ?? new AbortController()).signal,
  );
}

/** Lists a source without working on its items. */
export async function list(database: JobDatabase, entries: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const working = work(database, { entries, process: outcomeOf, stop, parallel: 0 });
  while ((await getJob(database, 'last')).listed_at === 0) {
    await setTimeout(10);
  }
  stop.abort();
  await working;
}

/** Claims items for a worker that does nothing with them. */
export async function claim(database: JobDatabase, worker: string, limit = 10): Promise<Claim[]> {
  return await claimItems(database, worker, MODEL, { limit, modelName: 'demo' });
}

/** @returns the claims whose lease was lost. */
export async function finish(
  database: JobDatabase,
  claim: Claim | undefined,
  text: string,
): Promise<Claim[]> {
  if (!claim) throw new Error('Nothing was claimed.');
  return await finishItems(database, [{ claim, outcome: outcomeOf(claim, text) }]);
}

async function* listEntries(names: readonly string[]): AsyncGenerator<ListedEntry> {
  await Promise.resolve();
  for (const name of names) yield entryOf(name);
}
