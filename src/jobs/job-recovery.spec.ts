import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sql } from 'kysely';

import {
  claim,
  entryOf,
  list,
  MODEL,
  names,
  outcomeOf,
  request,
  work,
} from '../../test/jobs/job-fixture.js';
import { MAX_IDENTIFIER_BYTES } from '../config/source-limits.js';
import { type Claim, claimItems } from './claims.js';
import { classifyDatabaseError, describeDatabaseError } from './database/database-errors.js';
import type { JobDatabase } from './database/job-database.js';
import { refuseNetworkFolder } from './database/network-folder.js';
import { openJobDatabase } from './database/open-database.js';
import { listItems } from './items.js';
import { createJob, finishDeletions, getJob } from './jobs.js';
import { expireLeases } from './leases.js';
import type { ListedEntry } from './sources/source.js';
import { listWorkers } from './workers.js';

describe('recovery of jobs', () => {
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

  async function lose(): Promise<void> {
    await database.db.updateTable('item').set({ lease_until: 1 }).execute();
    await expireLeases(database);
    await database.db.updateTable('item').set({ run_after: 0 }).execute();
  }

  it('claims items alone that were lost twice, and not beside others', async () => {
    await createJob(database, request());
    await list(database, names(4));
    for (const worker of ['a', 'b']) {
      expect(await claim(database, worker, 2)).toHaveLength(2);
      await lose();
    }

    const others = await claim(database, 'c', 4);
    const options = { limit: 4, modelName: 'demo' };
    const busy = await claimItems(database, 'c', MODEL, { ...options, isIdle: false });
    const idle = await claimItems(database, 'd', MODEL, { ...options, isIdle: true });

    expect(others.map(({ identifier }) => identifier)).toEqual(['n2', 'n3']);
    expect(busy).toEqual([]);
    expect(idle).toMatchObject([{ identifier: 'n0', isSuspect: true }]);
  });

  it('does not begin other items beside a suspect', async () => {
    const job = await createJob(database, request());
    await list(database, names(6));
    await claim(database, 'a', 2);
    await lose();
    await claim(database, 'b', 2);
    await lose();
    const beside: string[] = [];
    let inWork = 0;

    await work(database, {
      process: async (claimed: Claim) => {
        inWork++;
        await new Promise((resolve) => setTimeout(resolve, 30));
        if (claimed.isSuspect && inWork > 1) beside.push(claimed.identifier);
        inWork--;
        return outcomeOf(claimed);
      },
    });

    expect(beside).toEqual([]);
    expect((await getJob(database, job.id)).counts).toMatchObject({ done: 6, dead: 0 });
  });

  it('makes a dead letter of the only result that the database rejects', async () => {
    const job = await createJob(database, request());

    await work(database, {
      entries: names(8),
      process: (claimed) => {
        const outcome = outcomeOf(claimed);
        // A value that the type excludes and the column too.
        const bad = { ...outcome, sha256: null as unknown as string };
        return claimed.identifier === 'n5' ? bad : outcome;
      },
    });

    expect((await getJob(database, job.id)).counts).toMatchObject({ done: 7, dead: 1, active: 0 });
    const dead = await listItems(database, job.id, { state: 'dead', limit: 9 });
    expect(dead).toMatchObject([{ identifier: 'n5', error_code: 'INTERNAL' }]);
  });

  it('ends when its job is deleted', async () => {
    await createJob(database, request());

    await work(database, {
      entries: names(1),
      process: async (claimed) => {
        await database.db.deleteFrom('job').execute();
        return outcomeOf(claimed);
      },
    });

    expect(await database.db.selectFrom('job').selectAll().execute()).toEqual([]);
  });

  it('registers again when it was forgotten, because it was frozen', async () => {
    await createJob(database, request());
    const seen: string[][] = [];

    await work(database, {
      entries: names(1),
      leaseMs: 60,
      process: async (claimed) => {
        await database.db.deleteFrom('worker').execute();
        await new Promise((resolve) => setTimeout(resolve, 300));
        seen.push((await listWorkers(database)).map(({ state }) => state));
        return outcomeOf(claimed);
      },
    });

    expect(seen).toEqual([['working']]);
  });

  it('goes on with a deletion whose process was killed', async () => {
    const { id } = await createJob(database, request());
    await list(database, names(3));
    await database.db.updateTable('job').set({ state: 'deleting' }).execute();

    await finishDeletions(database);

    await expect(getJob(database, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await database.db.selectFrom('item').selectAll().execute()).toEqual([]);
  });

  it('stores identifiers with every character as they are', async () => {
    const job = await createJob(database, request());
    const identifiers = [`"'\\`, 'ñ\u2028', '[1,"x"]', '\ufffd', 'x'.repeat(MAX_IDENTIFIER_BYTES)];
    async function* listSource(): AsyncGenerator<ListedEntry> {
      await Promise.resolve();
      for (const [index, identifier] of identifiers.entries()) {
        const entry = entryOf(`n${index}`);
        if ('item' in entry) yield { item: { ...entry.item, identifier }, cursor: identifier };
      }
    }

    await work(database, { listSource, process: outcomeOf });

    const items = await listItems(database, job.id, { limit: 9 });
    expect(items.map(({ identifier }) => identifier)).toEqual(identifiers);
    expect(items[2]?.location).toBe('{"kind":"file","path":"/photos/n2"}');
    expect(items[2]?.record).toBe('{}');
  });

  it('names the first error of a transaction, not that of its rollback', async () => {
    await sql`pragma max_page_count = 1`.execute(database.db);
    const change = database.db.transaction().execute(async (trx) => {
      const values = { job_id: 'x'.repeat(100_000), type: 'x', data: 'x', created_at: 1 };
      await trx.insertInto('event').values(values).execute();
    });

    const error: unknown = await change.catch((reason: unknown) => reason);

    expect(describeDatabaseError(error)).toBe('the disk is full');
  });

  it('tells errors of values from those that pass', () => {
    const kind = (code: string) => classifyDatabaseError(Object.assign(new Error(), { code }));
    expect(['22021', '23505', '54000', 'SQLITE_CONSTRAINT_UNIQUE'].map(kind)).toEqual(
      Array(4).fill('values'),
    );
    expect(['40P01', '57P01', 'SQLITE_FULL', 'ECONNRESET'].map(kind)).toEqual(
      Array(4).fill('passing'),
    );
    expect(describeDatabaseError(new Error('Connection terminated unexpectedly'))).toBe(
      'its server does not answer',
    );
  });

  it('refuses a network folder', async () => {
    const nfs = () => Promise.resolve({ type: 0x6969 });
    await expect(refuseNetworkFolder('/archive', nfs)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      publicMessage: expect.stringMatching('NFS') as string,
    });
    await expect(refuseNetworkFolder(folder)).resolves.toBeUndefined();
  });
});
