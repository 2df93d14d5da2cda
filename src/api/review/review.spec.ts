import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../test/fakes/fake-inspector.js';
import {
  claim,
  damaged,
  finish,
  names,
  outcomeOf,
  request as jobRequest,
  work,
} from '../../../test/jobs/job-fixture.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { openJobDatabase } from '../../jobs/database/open-database.js';
import { createJob } from '../../jobs/jobs.js';
import { NO_JOBS } from '../jobs/job-service.js';
import { createApp } from '../server.js';

interface Summary {
  readonly id: number;
  readonly identifier: string;
}

let folder: string;
let database: JobDatabase;
let app: NestExpressApplication;
let job: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-review-spec-'));
  database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  app = await createApp(createFakeEngine(), {
    videoInspector: createFakeInspector(),
    jobs: { ...NO_JOBS, database: () => database },
  });
  await app.init();
  job = `/v1/jobs/${(await createJob(database, jobRequest())).id}`;
  await work(database, {
    entries: names(5),
    process: (claimed) => {
      if (claimed.identifier === 'n4') throw damaged();
      const outcome = outcomeOf(claimed);
      const [text] = outcome.texts;
      const isCut = claimed.identifier === 'n2';
      const finishReason = isCut ? 'length' : 'stop';
      return { ...outcome, texts: text ? [{ ...text, finishReason }] : [] };
    },
  });
});

afterEach(async () => {
  await app.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const get = (path: string) => request(app.getHttpServer()).get(`${job}${path}`);
const post = (path: string, body: object) =>
  request(app.getHttpServer()).post(`${job}${path}`).send(body);

async function listed(query: string): Promise<string[]> {
  const response = await get(`/review${query}`).expect(200);
  return (response.body as { data: Summary[] }).data.map(({ identifier }) => identifier);
}

async function itemPath(identifier: string): Promise<string> {
  const response = await get(`/review?q=${identifier}`).expect(200);
  return `/items/${(response.body as { data: Summary[] }).data[0]?.id}`;
}

it('lists items by risk, in pages, and counts them', async () => {
  const first = await get('/review?limit=2').expect(200);
  expect(first.body).toMatchObject({
    object: 'list',
    data: [
      {
        identifier: 'n2',
        title: 'n2',
        state: 'done',
        review: 'unreviewed',
        risk: 0.7,
        flags: ['cut_off'],
        kind: 'image',
        text: 'text of n2',
      },
      { identifier: 'n0', risk: 0, flags: [] },
    ],
    total: 5,
  });
  const { next_cursor } = first.body as { next_cursor: string };
  expect(await listed(`?limit=2&cursor=${next_cursor}`)).toEqual(['n1', 'n3']);
  expect(await listed('?order=position&state=done')).toEqual(['n0', 'n1', 'n2', 'n3']);
  expect(await listed('?state=failed')).toEqual(['n4']);
  expect(await listed('?flag=cut_off')).toEqual(['n2']);
  expect(await listed('?q=TEXT%20n3')).toEqual(['n3']);
  expect(await listed('?person=true')).toEqual([]);
  await get('/review?flag=other').expect(400);
  await get('/review?cursor=other').expect(400);
  const counts = await get('/review/counts').expect(200);
  expect(counts.body).toEqual({
    total: 5,
    by_state: { queued: 0, active: 0, done: 4, failed: 1 },
    by_review: { unreviewed: 5, partly: 0, reviewed: 0, edited: 0, rejected: 0 },
    by_flag: { cut_off: 1 },
    with_person_text: 0,
    failed: 1,
  });
});

it('stores decisions with their history, and refuses stale ones', async () => {
  const path = await itemPath('n2');
  const edit = { number: 0, decision: 'edit', text: 'A person’s text.', revision: 0 };

  const edited = await post(`${path}/review`, {
    author: 'Ada',
    origin: 'page',
    decisions: [edit],
  }).expect(200);
  const stale = await post(`${path}/review`, { author: 'Bo', decisions: [edit] }).expect(409);
  await post(`${path}/review`, { author: 'Bo', origin: 'cli', decisions: [edit] }).expect(400);
  await post(`${path}/review`, { decisions: [edit] }).expect(400);
  await post(`${path}/review`, { author: ' ', decisions: [edit] }).expect(400);
  const unseen = { number: 0, decision: 'accept', text: 'seen before' };
  await post(`${path}/review`, { author: 'Bo', decisions: [unseen] }).expect(409);

  expect(edited.body).toMatchObject({
    review: 'reviewed',
    risk: 0,
    flags: [],
    file: 'missing',
    model: { id: 'demo', revision: 'a1', precision: 'int8' },
    report: { model: 'demo', reused: false },
    texts: [
      {
        ...{ number: 0, language: 'ca', kind: 'caption', text: 'A person’s text.' },
        ...{ draft: 'text of n2', review: 'edited', author: 'Ada', revisions: 1 },
        draft_changed: false,
      },
    ],
  });
  expect(stale.body).toMatchObject({
    code: 'REVIEW_CONFLICT',
    parameters: { author: 'Ada', reviewed_at: expect.stringMatching(/^20.*Z$/) as string },
  });
  const history = await get(`${path}/texts/0/revisions`).expect(200);
  expect(history.body).toMatchObject({
    data: [{ decision: 'edited', author: 'Ada', origin: 'page', draft: 'text of n2', group: null }],
  });
  await get(`${path}/texts/9/revisions`).expect(404);
  expect(await listed('?review=edited')).toEqual(['n2']);
  expect(await listed('?person=true')).toEqual(['n2']);
  expect(await listed('?q=persons')).toEqual([]);
  expect(await listed('?q=person')).toEqual(['n2']);
});

it('names the neighbours of an item in the order of the filter', async () => {
  const [first, second, third] = await Promise.all(['n0', 'n1', 'n3'].map(itemPath));
  const byPosition = await get(`${second}?order=position&state=done&review=unreviewed`).expect(200);
  expect(byPosition.body).toMatchObject({
    previous: idOf(first),
    next: idOf(await itemPath('n2')),
  });
  const byRisk = await get(`${third}?order=risk&state=done`).expect(200);
  expect(byRisk.body).toMatchObject({ previous: idOf(second), next: null });
  await get('/items/9999').expect(404);
  await get('/items/x').expect(404);
});

it('decides about all texts of a filter, after a count, and takes it back', async () => {
  const filter = { state: 'done', review: 'unreviewed' };
  const path = await itemPath('n0');
  const edit = { number: 0, decision: 'edit', text: 'Kept.' };
  await post(`${path}/review`, { author: 'Ada', decisions: [edit] }).expect(200);

  const body = { author: 'Bo', decision: 'accept', filter };
  const counted = await post('/review', { ...body, dry_run: true }).expect(200);
  const none = await post('/review', { ...body, language: 'es' }).expect(200);
  const done = await post('/review', body).expect(200);

  expect(counted.body).toEqual({ texts: 3, items: 3, group: null });
  expect(none.body).toEqual({ texts: 0, items: 0, group: null });
  expect(done.body).toMatchObject({ texts: 3, items: 3 });
  expect(await listed('?review=reviewed&order=position')).toEqual(['n0', 'n1', 'n2', 'n3']);
  const reject = { number: 0, decision: 'reject' };
  await post(`${await itemPath('n1')}/review`, { author: 'Ada', decisions: [reject] }).expect(200);
  const { group } = done.body as { group: string };
  const undone = await post(`/review/${group}/undo`, { author: 'Bo' }).expect(200);
  expect(undone.body).toEqual({ texts: 2 });
  expect(await listed('?review=unreviewed&order=position')).toEqual(['n2', 'n3', 'n4']);
  expect(await listed('?review=rejected')).toEqual(['n1']);
  await post('/review/other/undo', { author: 'Bo' }).expect(404);
});

it('writes drafts again with other options, and keeps the texts of persons', async () => {
  const path = await itemPath('n1');
  const edit = { number: 0, decision: 'edit', text: 'Kept.' };
  await post(`${path}/review`, { author: 'Ada', decisions: [edit] }).expect(200);

  const queued = await post(`${path}/regenerate`, { detail: 'high', hint: 'El mercat.' });
  const again = await post(`${path}/regenerate`, {});
  const [claimed] = await claim(database, 'w');
  await finish(database, claimed, 'another draft');

  expect(queued.status).toBe(202);
  expect(queued.body).toMatchObject({ state: 'queued', texts: [{ text: 'Kept.' }] });
  expect(again.body).toMatchObject({ code: 'INVALID_PARAMETER' });
  expect(claimed?.recipe).toMatchObject({ detail: 'high', hint: 'El mercat.', kinds: ['caption'] });
  const item = await get(path).expect(200);
  expect(item.body).toMatchObject({
    state: 'done',
    texts: [{ text: 'Kept.', draft: 'another draft', review: 'edited', draft_changed: true }],
  });
});

it('imports a table, and reports what it did', async () => {
  const csv = 'identifier,caption@ca\nn0,By a person\nx9,Other\n';
  const upload = (query: string, type: string) =>
    request(app.getHttpServer()).post(`${job}/import${query}`).set('Content-Type', type).send(csv);

  const report = await upload('?author=Ada', 'text/csv; charset=utf-8').expect(200);
  await upload('?author=Ada', 'application/pdf').expect(415);
  await upload('', 'text/csv').expect(400);

  expect(report.body).toMatchObject({
    ...{ accepted: 0, edited: 1, unchanged: 0, conflicts: [] },
    unknown: [{ row: 3, identifier: 'x9' }],
    group: expect.stringMatching(/^group_\w{10}$/) as string,
  });
  expect(await listed('?review=edited')).toEqual(['n0']);
});

function idOf(path: string | undefined): number {
  return Number(path?.split('/').at(-1));
}
