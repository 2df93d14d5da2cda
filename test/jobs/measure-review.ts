import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createRandom } from '../../src/decoder/sampling/random.js';
import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { openJobDatabase } from '../../src/jobs/database/open-database.js';
import { finishItems } from '../../src/jobs/finish-items.js';
import { createJob } from '../../src/jobs/jobs.js';
import { countMany, decideMany, undoGroup } from '../../src/review/decide-many.js';
import { type ItemFilter, listReviewed } from '../../src/review/list-reviewed.js';
import { countReviewed, reviewCounts } from '../../src/review/review-counts.js';
import { toReviewedItems } from '../../src/review/reviewed-items.js';
import { claim, list, names, outcomeOf, request } from './job-fixture.js';
import { type PostgresCluster, startCluster } from './postgres-cluster.js';

/**
 * Prints the milliseconds of the calls of the review on a job of N items with three texts each:
 * `node --import tsx test/jobs/measure-review.ts 100000 [--postgres]`. PostgreSQL listens on PORT, 9188 by default.
 */
const [count = '10000', backend] = process.argv.slice(2);
const ITEMS = Number(count);
const PORT = Number(process.env['PORT'] ?? 9_188);
const RUNS = 5;
const PAGE = 50;
const WORDS = 20_000;

const folder = await mkdtemp(join(tmpdir(), 'salamandra-measure-'));
const cluster: PostgresCluster | undefined =
  backend === '--postgres' ? await startCluster(PORT, ['fsync=off']) : undefined;
const database = await openJobDatabase(
  cluster
    ? { kind: 'postgres', url: await cluster.createDatabase('review') }
    : { kind: 'sqlite', path: join(folder, 'jobs.db') },
);
try {
  await measure(database);
} finally {
  await database.close();
  await cluster?.close();
  await rm(folder, { recursive: true });
}

async function measure(db: JobDatabase): Promise<void> {
  const { id } = await createJob(db, request());
  await fill(db);
  const reviewer = { author: 'Ada', origin: 'api' } as const;
  await measureBulk(db, id, reviewer);
  // An accepted part, which the filters below find.
  await decideMany(db, id, reviewer, 'accept', { filter: { search: 'word7' } });
  const filters: Record<string, ItemFilter> = {
    'no filter': {},
    unreviewed: { review: 'unreviewed' },
    reviewed: { review: 'reviewed' },
    'rare flag': { flag: 'repetition' },
    'frequent flag': { flag: 'no_full_stop' },
    'rare word': { search: 'word4711' },
    'two words': { search: 'plaça word47' },
    'word of all': { search: 'plaça' },
    'no such word': { search: 'xyz' },
  };
  for (const [name, filter] of Object.entries(filters)) {
    for (const order of ['risk', 'position'] as const) {
      const page = { filter, order, limit: PAGE };
      await time(`${name}, first page by ${order}`, async () => {
        await toReviewedItems(db, await listReviewed(db, id, page));
      });
      const after = { risk: 0.1, position: Math.floor(ITEMS / 2) };
      await time(`${name}, middle page by ${order}`, async () => {
        await toReviewedItems(db, await listReviewed(db, id, { ...page, after }));
      });
    }
    await time(`${name}, total`, () => countReviewed(db, id, filter));
  }
  await time('counts', () => reviewCounts(db, id));
}

/** Decisions about all items, once. */
async function measureBulk(
  db: JobDatabase,
  id: string,
  reviewer: Parameters<typeof decideMany>[2],
): Promise<void> {
  const many = { filter: { review: 'unreviewed' } } as const;
  const once = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await call();
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    console.log(`${name.padEnd(45)} ${seconds} s ${JSON.stringify(result)}`);
    return result;
  };
  await once('dry run of a bulk accept', () => countMany(db, id, many));
  const { group } = await once('bulk accept', () => decideMany(db, id, reviewer, 'accept', many));
  await once('undo', () => undoGroup(db, id, reviewer, group));
}

async function fill(db: JobDatabase): Promise<void> {
  const start = performance.now();
  await list(db, names(ITEMS));
  const random = createRandom(1);
  const word = () => `word${Math.floor(random() ** 3 * WORDS)}`;
  for (;;) {
    const claims = await claim(db, 'w', 500);
    if (claims.length === 0) break;
    const finished = claims.map((claimed) => {
      const kinds = random() < 0.01 ? 'repetition' : 'stop';
      const texts = ['ca', 'es', 'en'].map((language) => ({
        ...{ language, kind: 'alt', finishReason: kinds },
        text: `Plaça ${Array.from({ length: 10 }, word).join(' ')}${random() < 0.5 ? '.' : ''}`,
      }));
      return { claim: claimed, outcome: { ...outcomeOf(claimed), texts } };
    });
    await finishItems(db, finished);
  }
  const seconds = (performance.now() - start) / 1_000;
  console.log(`${ITEMS} items stored, ${Math.round(ITEMS / seconds)} a second`);
}

async function time(name: string, call: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  const [fastest = 0, , median = 0] = times.sort((a, b) => a - b);
  const limit = median > 100 ? '  ABOVE 100 ms' : '';
  console.log(`${name.padEnd(45)} ${median.toFixed(1)} ms (least ${fastest.toFixed(1)})${limit}`);
}
