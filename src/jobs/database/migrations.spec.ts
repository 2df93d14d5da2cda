import { sql } from 'kysely';

import { assessEarlierItems } from '../assess-items.js';
import { readReviewedItems } from '../../review/reviewed-items.js';
import type { JobDatabase } from './job-database.js';
import { migrate } from './migrations.js';
import { openSqliteMemory } from '../../../test/jobs/sqlite-memory.js';

let database: JobDatabase;

beforeEach(() => {
  database = openSqliteMemory();
});

afterEach(async () => {
  await database.close();
});

/** A job of version 1 with one item that is done, one dead letter, and one in the queue. */
async function fillVersion1(): Promise<void> {
  await migrate(database, 1);
  const run = async (statement: string) => {
    await sql.raw(statement).execute(database.db);
  };
  await run(`insert into job (id, name, state, priority, source, recipe, key, pilot, pilot_state, created_at)
    values ('job_1', 'photos', 'active', 0, '{"kind":"folder","path":"/photos"}', 'null', 'k', 0, 'none', 1)`);
  for (const [id, state, outcome] of [
    [1, 'done', '{"media":{"blank":true},"reused":false}'],
    [2, 'dead', ''],
    [3, 'queued', ''],
  ] as const) {
    await run(`insert into item (id, job_id, position, identifier, location, record, state, outcome, error_code,
      finished_at)
      values (${id}, 'job_1', ${id}, 'n${id}', '{"kind":"file","path":"/n${id}"}', '{"Títol":"Plaça"}', '${state}', '${outcome}',
        '${state === 'dead' ? 'MEDIA_CORRUPT' : ''}', ${state === 'queued' ? 0 : 5})`);
  }
  await run(`insert into result (item_id, number, language, kind, text, finish_reason)
    values (1, 0, 'ca', 'caption', 'Una guineu.', 'stop')`);
}

async function search(words: string): Promise<string[]> {
  const found: string[] = [];
  for await (const item of readReviewedItems(database, 'job_1', { search: words }, 'risk')) {
    found.push(item.identifier);
  }
  return found;
}

it('brings a database of version 1 up to date, with all items and texts', async () => {
  await fillVersion1();

  await migrate(database);
  await migrate(database);

  const items = [];
  for await (const item of readReviewedItems(database, 'job_1')) items.push(item);
  expect(items).toMatchObject([
    { identifier: 'n1', state: 'done', review: 'unreviewed', texts: [{ text: 'Una guineu.' }] },
    { identifier: 'n2', state: 'dead', error: { code: 'MEDIA_CORRUPT' }, texts: [] },
    { identifier: 'n3', state: 'queued', texts: [] },
  ]);
});

it('assesses the items of version 1 afterwards, once', async () => {
  await fillVersion1();
  await migrate(database);
  expect(await search('placa')).toEqual([]);

  await assessEarlierItems(database);
  await assessEarlierItems(database);

  expect(await search('placa guin')).toEqual(['n1']);
  expect(await search('placa')).toEqual(['n1', 'n2']);
  const rows = await database.db.selectFrom('item').select(['id', 'risk', 'flags']).execute();
  expect(rows).toEqual([
    { id: 1, risk: 0.9, flags: ' blank_picture ' },
    { id: 2, risk: 0, flags: '' },
    { id: 3, risk: 0, flags: '' },
  ]);
});

it('refuses a database of a newer program', async () => {
  await migrate(database);
  await sql`update schema_version set version = 99`.execute(database.db);
  await expect(migrate(database)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
});
