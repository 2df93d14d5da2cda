import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { admitServer, type MediaServer, startMediaServer } from '../../test/http/media-server.js';
import { outcomeOf, request, work } from '../../test/jobs/job-fixture.js';
import type { FetchPolicy } from '../media/remote/ssrf-guard.js';
import type { ItemOutcome } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import { openJobDatabase } from './database/open-database.js';
import { delayAfter, MAX_ATTEMPTS, MAX_DELAY_MS } from './failure-policy.js';
import { listItems } from './items.js';
import { createJob, getJob } from './jobs.js';
import { settleJobs } from './settle-jobs.js';
import { openSourceItem } from './sources/open-item.js';
import type { ListedEntry, MediaLocation } from './sources/source.js';

const IMAGE = Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), Buffer.alloc(100)]);

let folder: string;
let database: JobDatabase;
let server: MediaServer;
/** The answers to the requests for a path, in turn; the last one is repeated. An image at the end. */
let answers: Record<string, readonly number[]>;
let asked: Record<string, number>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-fetch-retries-'));
  database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  asked = {};
  server = await startMediaServer(({ url = '' }, response) => {
    const name = url.slice(1);
    const before = asked[name] ?? 0;
    asked[name] = before + 1;
    const status = answers[name]?.[before] ?? answers[name]?.at(-1) ?? 404;
    const headers = { 'retry-after': '1200' };
    response.writeHead(status, headers).end(status === 200 ? IMAGE : '');
  });
});

afterEach(async () => {
  await server.close();
  await database.close();
  await rm(folder, { recursive: true });
});

async function open(location: MediaLocation, policy: FetchPolicy): Promise<void> {
  const temporaryFolder = () => Promise.resolve(folder);
  const file = await openSourceItem(location, { policy, temporaryFolder, uploadFolder: folder });
  await file.dispose();
}

async function* listUrls(): AsyncGenerator<ListedEntry> {
  await Promise.resolve();
  for (const [index, name] of Object.keys(answers).entries()) {
    const location = { kind: 'url', url: `http://media.test:${server.port}/${name}` } as const;
    yield { item: { identifier: name, location, record: {} }, cursor: String(index) };
  }
}

/** Works on a job with the URLs of `answers` until `stop` is aborted or the job ends. */
async function fetchAll(stop: AbortController): Promise<void> {
  const policy = admitServer(server, { failures: 'explained' });
  await work(database, {
    listSource: listUrls,
    stop,
    process: async (claim): Promise<ItemOutcome> => {
      await open(claim.location as MediaLocation, policy);
      return outcomeOf(claim);
    },
  });
}

it('fails an address that does not exist at once, and tries a busy server again', async () => {
  answers = { fine: [200], gone: [410], missing: [404], busy: [503, 429, 200], down: [500] };
  const job = await createJob(database, request());
  const stop = new AbortController();
  const working = fetchAll(stop);

  while ((await getJob(database, job.id)).state === 'active') {
    // The waiting times are over.
    await database.db.updateTable('item').set({ run_after: 0 }).execute();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await working;

  const items = await listItems(database, job.id, { limit: 10 });
  expect(items.map(({ identifier, state, attempts }) => [identifier, state, attempts])).toEqual([
    ['fine', 'done', 1],
    ['gone', 'dead', 1],
    ['missing', 'dead', 1],
    ['busy', 'done', 3],
    ['down', 'dead', MAX_ATTEMPTS],
  ]);
  expect(items[1]).toMatchObject({
    error_code: 'MEDIA_FETCH_FAILED',
    error: expect.stringContaining('answered 410') as string,
  });
  expect(asked).toEqual({ fine: 1, gone: 1, missing: 1, busy: 3, down: MAX_ATTEMPTS });
});

it('waits as long as a server asks, up to an hour, and no check of the clock shortens it', async () => {
  answers = { busy: [429] };
  const job = await createJob(database, request());
  const stop = new AbortController();
  const working = fetchAll(stop);
  const readItem = async () => (await listItems(database, job.id, { limit: 1 }))[0];

  while (((await readItem())?.run_after ?? 0) === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await settleJobs(database);
  stop.abort();
  await working;

  const { run_after = 0, state } = (await readItem()) ?? {};
  expect(state).toBe('queued');
  expect(run_after - database.now()).toBeGreaterThan(1_100_000);
  expect(run_after - database.now()).toBeLessThanOrEqual(1_200_000);
  const error = await open(
    { kind: 'url', url: `http://media.test:${server.port}/busy` },
    admitServer(server, { failures: 'explained' }),
  ).catch((thrown: unknown) => thrown);
  expect(delayAfter(error, 1)).toBe(1_200_000);
  Object.assign((error as { details: object }).details, { retry_after_seconds: 86_400 });
  expect(delayAfter(error, 1)).toBe(MAX_DELAY_MS);
});
