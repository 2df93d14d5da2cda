import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { damaged, entryOf, names, outcomeOf, request, work } from '../../test/jobs/job-fixture.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { Claim } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import { openJobDatabase } from './database/open-database.js';
import { pilotResult } from './job-progress.js';
import { createJob, getJob, listSkipped, resumeJob } from './jobs.js';
import { listAgain } from './list-source-items.js';
import type { ListedEntry, ListOptions } from './sources/source.js';

describe('listNextSource', () => {
  let folder: string;
  let database: JobDatabase;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'salamandra-jobs-spec-'));
    database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  });

  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });

  it('does a pilot that is spread over the source, and waits', async () => {
    const job = await createJob(database, { ...request(), pilot: 4 });
    const begun: string[] = [];
    const process = (claim: Claim) => {
      begun.push(claim.identifier);
      if (claim.identifier === 'n5') throw damaged();
      return outcomeOf(claim);
    };

    await work(database, { entries: names(16), process });

    expect(begun.sort()).toEqual(['n10', 'n14', 'n2', 'n6']);
    const paused = await getJob(database, job.id);
    expect(paused).toMatchObject({ state: 'paused', pilot_state: 'done' });
    expect(await pilotResult(database, paused)).toMatchObject({ items: 4, failed: 0 });
    await resumeJob(database, job.id);
    await work(database, { entries: [], process });
    expect((await getJob(database, job.id)).counts).toMatchObject({ done: 15, dead: 1 });
    expect(begun).toHaveLength(16);
  });

  it('goes on with a listing where it was interrupted', async () => {
    const job = await createJob(database, request());
    const afters: (string | undefined)[] = [];
    const entries = names(1_400);
    let failures = 1;
    async function* listSource(_: unknown, { after }: ListOptions): AsyncGenerator<ListedEntry> {
      await Promise.resolve();
      afters.push(after);
      for (const name of entries.slice(after === undefined ? 0 : Number(after) + 1)) {
        if (name === 'n1200' && failures-- > 0) {
          throw new SalamandraError('STORAGE_UNAVAILABLE', 'The folder does not answer.');
        }
        yield entryOf(name);
      }
    }

    await work(database, { listSource, process: outcomeOf, parallel: 32 });

    expect(afters).toEqual([undefined, '999']);
    expect((await getJob(database, job.id)).counts).toMatchObject({ done: 1_400, skipped: 0 });
  });

  it('reports the second entry with an identifier, but not one of an earlier listing', async () => {
    const job = await createJob(database, request());

    await work(database, { entries: ['n0', 'n1', 'n0'], process: outcomeOf });

    const skipped = await listSkipped(database, job.id, { limit: 10 });
    expect(skipped).toMatchObject([{ entry: 'n0', code: 'DUPLICATE_IDENTIFIER' }]);
    await listAgain(database, job.id);
    await work(database, { entries: ['n0', 'n1', 'n2'], process: outcomeOf });
    const { counts, state } = await getJob(database, job.id);
    expect(state).toBe('done');
    expect(counts).toMatchObject({ done: 3, skipped: 0 });
  });

  it('pauses a job whose source cannot be listed', async () => {
    const job = await createJob(database, request());
    const listSource = () => {
      throw new SalamandraError('NOT_FOUND', 'There is no such folder.');
    };

    await work(database, { listSource, process: outcomeOf });

    expect(await getJob(database, job.id)).toMatchObject({
      state: 'paused',
      pause_reason: 'The source could not be listed. There is no such folder.',
    });
  });
});
