import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { list, MODEL, names, outcomeOf, request } from '../../test/jobs/job-fixture.js';
import {
  findPostgres,
  freePort,
  type PostgresCluster,
  startCluster,
} from '../../test/jobs/postgres-cluster.js';
import { claimItems } from '../jobs/claims.js';
import type { JobDatabase } from '../jobs/database/job-database.js';
import { type DatabaseLocation, openJobDatabase } from '../jobs/database/open-database.js';
import { finishItems } from '../jobs/finish-items.js';
import { createJob } from '../jobs/jobs.js';
import { decide, readItemTexts } from './decide.js';
import { countMany, decideMany, undoGroup } from './decide-many.js';
import { listReviewed } from './list-reviewed.js';

/** More than one transaction has. */
const ITEMS = 520;
const ADA = { author: 'Ada', origin: 'api' } as const;
const BO = { author: 'Bo', origin: 'page' } as const;

/** A job whose items have a fine text, and one with a flag. A person edited the first item's. @returns its id */
async function createReviewed(database: JobDatabase): Promise<string> {
  const { id: jobId } = await createJob(database, request());
  await list(database, names(ITEMS));
  const options = { limit: ITEMS, modelName: 'demo', isIdle: true, jobId };
  const claims = await claimItems(database, 'w', MODEL, options);
  const finished = claims.map((claim) => {
    const alt = { language: 'ca', kind: 'alt', text: `plaça ${claim.identifier}` };
    const caption = { language: 'en', kind: 'caption', text: `square ${claim.identifier}` };
    const texts = [alt, caption].map((text) => ({ ...text, finishReason: 'stop' }));
    return { claim, outcome: { ...outcomeOf(claim), texts } };
  });
  await finishItems(database, finished);
  const [first] = await listReviewed(database, jobId, page());
  await decide(database, { jobId, itemId: first?.id ?? 0 }, BO, [
    { number: 0, decision: 'edit', text: 'Una plaça.' },
  ]);
  return jobId;
}

function page(filter = {}) {
  return { filter, order: 'position', limit: ITEMS } as const;
}

/** What the review filters and sorts by, and the history of the texts, without ids and times. */
async function snapshot(database: JobDatabase, jobId: string): Promise<object[]> {
  const rows = await listReviewed(database, jobId, page());
  const found = await readItemTexts(
    database.db,
    rows.map(({ id }) => id),
  );
  return rows.map((row, index) => ({
    identifier: row.identifier,
    ...{ risk: row.risk, flags: row.flags, review: row.review, edited: row.has_edited },
    texts: found[index]?.texts.map(({ text, review, author }) => ({ text, review, author })),
    history: found[index]?.revisions.map(
      ({ id, item_id, job_id, created_at, group_id, ...rest }) => ({
        ...rest,
        isOfThisJob: job_id === jobId && item_id === row.id && id > 0 && created_at > 0,
        isOfGroup: group_id !== '',
      }),
    ),
  }));
}

async function checkMany(location: DatabaseLocation): Promise<void> {
  const database = await openJobDatabase(location);
  try {
    const many = await createReviewed(database);
    const single = await createReviewed(database);
    const before = await snapshot(database, many);
    const filter = { review: 'unreviewed' } as const;
    expect(before).toEqual(await snapshot(database, single));

    // The first item is reviewed in part, so that the filter leaves it out.
    const count = await countMany(database, many, { filter });
    expect(count).toEqual({ texts: 2 * (ITEMS - 1), items: ITEMS - 1 });
    expect(await snapshot(database, many)).toEqual(before);

    const { group, ...decided } = await decideMany(database, many, ADA, 'accept', { filter });
    expect(decided).toEqual(count);
    for (const { id: itemId } of await listReviewed(database, single, page(filter))) {
      const decisions = [0, 1].map((number) => ({ number, decision: 'accept' }) as const);
      await decide(database, { jobId: single, itemId }, ADA, decisions);
    }
    const accepted = await snapshot(database, many);
    expect(accepted).toEqual(await asGroup(snapshot(database, single)));
    expect(await listReviewed(database, many, page({ search: 'plaça n519' }))).toHaveLength(1);

    expect(await undoGroup(database, many, ADA, group)).toBe(count.texts);
    const undone = await snapshot(database, many);
    expect(undone.map(withoutHistory)).toEqual(before.map(withoutHistory));
    expect(await listReviewed(database, many, page({ search: 'plaça n519' }))).toHaveLength(1);

    const ofOne = { filter: { search: 'n77' }, language: 'en', kind: 'caption' };
    expect(await decideMany(database, many, ADA, 'reject', ofOne)).toMatchObject({
      texts: 1,
      items: 1,
    });
  } finally {
    await database.close();
  }
}

/** Decisions that were made one by one, as if they had been made together. */
async function asGroup(items: Promise<object[]>): Promise<object[]> {
  return (await items).map((item) => {
    const { history } = item as { history: readonly { author: string }[] };
    return {
      ...item,
      history: history.map((row) => ({ ...row, isOfGroup: row.author === ADA.author })),
    };
  });
}

function withoutHistory(item: object): object {
  const { texts, ...rest } = item as { texts: readonly { author?: string }[]; history: unknown };
  const shown = texts.map((text) => ({ ...text, author: undefined }));
  return { ...rest, history: undefined, texts: shown };
}

it('decides about many texts as one by one, counts before, and undoes, in SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-many-spec-'));
  try {
    await checkMany({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);

(findPostgres() === undefined ? it.skip : it)(
  'decides about many texts as one by one, counts before, and undoes, in PostgreSQL',
  async () => {
    let cluster: PostgresCluster | undefined;
    try {
      cluster = await startCluster(await freePort(), ['fsync=off']);
      await checkMany({ kind: 'postgres', url: await cluster.createDatabase('many') });
    } finally {
      await cluster?.close();
    }
  },
  120_000,
);
