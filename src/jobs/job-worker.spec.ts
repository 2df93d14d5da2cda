import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  claim,
  damaged,
  finish,
  list,
  MODEL,
  names,
  outcomeOf,
  request,
  work,
} from '../../test/jobs/job-fixture.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { type Claim, claimItems } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import { openJobDatabase } from './database/open-database.js';
import { MAX_ATTEMPTS } from './failure-policy.js';
import { listItems, readTexts, retryItems } from './items.js';
import { listEvents } from './job-events.js';
import { cancelJob, createJob, deleteJob, getJob, pauseJob, resumeJob } from './jobs.js';
import { expireLeases, renewLeases } from './leases.js';

describe('runJobWorker', () => {
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

  it('stores each item once, and dead letters with their reason', async () => {
    const job = await createJob(database, request());
    const begun: string[] = [];

    await work(database, {
      entries: names(40),
      process: (claim) => {
        begun.push(claim.identifier);
        if (claim.identifier === 'n7') throw damaged();
        return outcomeOf(claim);
      },
    });

    const { state, counts, model } = await getJob(database, job.id);
    expect({ state, model }).toEqual({ state: 'done', model: MODEL });
    expect(counts).toMatchObject({ queued: 0, active: 0, done: 39, dead: 1 });
    expect(begun.sort()).toEqual(names(40).sort());
    const items = await listItems(database, job.id, { limit: 100 });
    expect(items.map(({ identifier }) => identifier)).toEqual(names(40));
    expect(items[7]).toMatchObject({ state: 'dead', error_code: 'MEDIA_CORRUPT', attempts: 1 });
    const texts = await readTexts(database.db, [items[3]?.id ?? 0]);
    expect([...texts.values()][0]).toEqual([
      { language: 'ca', kind: 'caption', text: 'text of n3', finishReason: 'stop' },
    ]);
    const events = (await listEvents(database, job.id, 0)).map(({ type }) => type);
    expect(events.toSorted()).toEqual(['created', 'done', 'listed', 'started']);
    expect([events[0], events[3]]).toEqual(['created', 'done']);
  });

  it('retries what may pass, and gives up after the last attempt', async () => {
    const job = await createJob(database, request());
    let attempts = 0;
    const process = (claim: Claim) => {
      attempts++;
      if (claim.identifier === 'n1') {
        throw new SalamandraError('SERVER_UNAVAILABLE', 'The decoder was killed.');
      }
      return outcomeOf(claim);
    };
    const stop = new AbortController();
    const working = work(database, { entries: names(2), process, stop });

    while (attempts <= MAX_ATTEMPTS) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      // The waiting time is over.
      await database.db.updateTable('item').set({ run_after: 0 }).execute();
    }
    await working;

    const items = await listItems(database, job.id, { limit: 10 });
    expect(items[1]).toMatchObject({
      state: 'dead',
      attempts: MAX_ATTEMPTS,
      error: 'The decoder was killed.',
    });
    expect((await getJob(database, job.id)).counts).toMatchObject({ done: 1, dead: 1, queued: 0 });
  });

  it('refuses a result whose lease was lost', async () => {
    const job = await createJob(database, request());
    await list(database, names(1));
    const [late] = await claim(database, 'a');
    if (!late) throw new Error('Nothing was claimed.');
    await database.db.updateTable('item').set({ lease_until: 1 }).execute();

    expect(await expireLeases(database)).toBe(1);
    const [current] = await claim(database, 'b');

    expect(current?.epoch).toBe(late.epoch + 1);
    expect(await renewLeases(database, [late])).toEqual([late]);
    expect(await finish(database, late, 'late')).toEqual([late]);
    expect(await finish(database, current, 'current')).toEqual([]);
    expect(await finish(database, current, 'again')).toEqual([current]);
    expect((await getJob(database, job.id)).counts).toMatchObject({ active: 0, done: 1 });
    const texts = await readTexts(database.db, [late.id]);
    expect(texts.get(late.id)?.map(({ text }) => text)).toEqual(['current']);
  });

  it('makes an item that ends its workers a dead letter', async () => {
    const job = await createJob(database, request());
    await list(database, names(1));

    for (let loss = 0; loss < MAX_ATTEMPTS; loss++) {
      await database.db.updateTable('item').set({ run_after: 0 }).execute();
      expect(await claim(database, 'a')).toHaveLength(1);
      await database.db.updateTable('item').set({ lease_until: 1 }).execute();
      await expireLeases(database);
    }

    const [item] = await listItems(database, job.id, { limit: 1 });
    expect(item).toMatchObject({ state: 'dead', error_code: 'WORKER_LOST' });
  });

  it('corrects times after the clock was set back', async () => {
    await createJob(database, request());
    await list(database, names(2));
    await claim(database, 'a', 1);
    const tomorrow = Date.now() + 86_400_000;
    await database.db
      .updateTable('item')
      .set({ lease_until: tomorrow, run_after: tomorrow })
      .execute();

    await work(database, { entries: [], process: outcomeOf });

    expect((await getJob(database, 'last')).counts).toMatchObject({ done: 2, active: 0 });
  });

  it('holds a job whose machine must be mended, without counting the attempt', async () => {
    const job = await createJob(database, request());
    let isFull = true;
    const stop = new AbortController();
    const working = work(database, {
      entries: names(2),
      stop,
      process: (claim) => {
        if (isFull) throw new SalamandraError('STORAGE_FULL', 'The disk is full.');
        return outcomeOf(claim);
      },
    });
    let held = await getJob(database, job.id);
    while (held.hold_until === 0) held = await getJob(database, job.id);
    expect(held).toMatchObject({ state: 'active', hold_reason: 'The disk is full.' });

    isFull = false;
    await resumeJob(database, job.id);
    await working;

    const items = await listItems(database, job.id, { limit: 10 });
    expect(items).toMatchObject([
      { state: 'done', attempts: 1 },
      { state: 'done', attempts: 1 },
    ]);
  });

  it('gives claims back when it is stopped, and ends a job that is cancelled', async () => {
    const job = await createJob(database, request());
    const stop = new AbortController();
    let begun = 0;

    await work(database, {
      entries: names(50),
      stop,
      parallel: 2,
      process: (claim) => {
        if (++begun === 3) stop.abort();
        return outcomeOf(claim);
      },
    });

    const { counts } = await getJob(database, job.id);
    expect(counts.active).toBe(0);
    expect(counts.done).toBe(begun);
    const items = await listItems(database, job.id, { state: 'queued', limit: 100 });
    expect(new Set(items.map(({ attempts }) => attempts))).toEqual(new Set([0]));
    await cancelJob(database, job.id);
    await work(database, { entries: [], process: outcomeOf });
    expect((await getJob(database, job.id)).state).toBe('cancelled');
    await expect(resumeJob(database, job.id)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    await expect(retryItems(database, job.id, 'failed')).rejects.toThrow('Create a new job');
  });

  it('tries dead letters again on request', async () => {
    const job = await createJob(database, request());
    await work(database, {
      entries: names(3),
      process: () => {
        throw damaged();
      },
    });

    expect(await retryItems(database, job.id, 'failed')).toBe(3);
    await work(database, { entries: [], process: outcomeOf });

    const { state, counts } = await getJob(database, job.id);
    expect(state).toBe('done');
    expect(counts).toMatchObject({ done: 3, dead: 0, queued: 0 });
  });

  it('leaves a job of another model to other workers', async () => {
    const job = await createJob(database, { ...request(), modelName: '7b-vision' });
    await list(database, names(1));

    expect(await claim(database, 'a')).toEqual([]);
    const other = { ...MODEL, id: 'BSC-LT/other' };
    expect(
      await claimItems(database, 'b', other, { limit: 1, modelName: '7b-vision', isIdle: true }),
    ).toHaveLength(1);
    expect((await getJob(database, job.id)).model).toEqual(other);
  });

  it('creates one job for an idempotency key', async () => {
    const first = await createJob(database, { ...request(), idempotencyKey: 'k' });
    const second = await createJob(database, { ...request(), idempotencyKey: 'k' });

    expect(second.id).toBe(first.id);
    await expect(
      createJob(database, { ...request(), modelName: 'other', idempotencyKey: 'k' }),
    ).rejects.toThrow('idempotency key');
  });

  it('pauses, deletes and finds jobs', async () => {
    const job = await createJob(database, request());
    await list(database, names(3));
    await pauseJob(database, job.id, 'by the user');

    expect(await claim(database, 'a')).toEqual([]);
    expect((await getJob(database, job.id.slice(4, 8))).id).toBe(job.id);
    await deleteJob(database, job.id);
    await expect(getJob(database, job.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { items } = await database.db
      .selectFrom('item')
      .select(({ fn }) => fn.countAll<number>().as('items'))
      .executeTakeFirstOrThrow();
    expect(items).toBe(0);
  });
});
