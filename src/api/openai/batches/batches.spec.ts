import { access, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import {
  createFakeEngine,
  FAKE_MODEL,
  type FakeEngine,
} from '../../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../../test/fakes/fake-inspector.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import { claimItems } from '../../../jobs/claims.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import { openJobDatabase } from '../../../jobs/database/open-database.js';
import { createLister, createProcess } from '../../../jobs/job-kinds.js';
import { runJobWorker } from '../../../jobs/job-worker.js';
import { NO_JOBS } from '../../jobs/job-service.js';
import { MediaResolver } from '../../media/media-resolver.js';
import { createApp } from '../../server.js';
import { FileStore } from '../files/file-store.js';
import { createBatchWork } from './batch-work.js';
import { endBatches } from './end-batches.js';

let folder: string;
let database: JobDatabase;
let files: FileStore;
let engine: FakeEngine;
let app: NestExpressApplication;

async function start(temporaryBytes?: number): Promise<void> {
  app = await createApp(engine, {
    videoInspector: createFakeInspector(),
    jobs: { ...NO_JOBS, database: () => database, files },
    ...(temporaryBytes !== undefined && { temporaryBytes }),
  });
  await app.init();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-batches-spec-'));
  database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  files = new FileStore(join(folder, 'files'));
  engine = createFakeEngine();
  await start();
});

afterEach(async () => {
  await app.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const post = (path: string) => request(app.getHttpServer()).post(path);
const get = (path: string) => request(app.getHttpServer()).get(path);

function line(id: string, prompt = 'Hi'): string {
  const body = { model: 'fake', prompt, max_tokens: 4 };
  return JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/completions', body });
}

async function upload(text: string, purpose = 'batch'): Promise<string> {
  const reply = await post('/v1/files')
    .field('purpose', purpose)
    .attach('file', Buffer.from(text), 'in.jsonl')
    .expect(200);
  return (reply.body as { id: string }).id;
}

interface BatchReply {
  readonly id: string;
  readonly status: string;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly errors: { readonly data: readonly object[] } | null;
}

async function create(text: string): Promise<string> {
  const body = {
    input_file_id: await upload(text),
    endpoint: '/v1/completions',
    completion_window: '24h',
  };
  const reply = await post('/v1/batches').send(body).expect(200);
  return (reply.body as BatchReply).id;
}

async function show(id: string): Promise<BatchReply> {
  return (await get(`/v1/batches/${id}`).expect(200)).body as BatchReply;
}

async function content(id: string | null): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(folder, 'files', String(id)), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((entry) => JSON.parse(entry) as Record<string, unknown>);
}

const batchWork = () =>
  createBatchWork({ engine, database, files, resolver: app.get(MediaResolver) });

/** Works on a batch until its lines are done. @param parallel 0 reads the lines only. */
async function work(id: string, parallel = 2, stop = new AbortController()): Promise<void> {
  const batches = batchWork();
  const unused = () => Promise.reject(new Error('No archive job.'));
  const options = {
    ...{ database, model: FAKE_MODEL, modelName: 'fake', parallel, jobId: id },
    ...{ listing: { policy: null }, listSource: createLister(batches) },
    ...{ kinds: ['archive', 'batch'] as const, process: createProcess(unused, batches) },
  };
  await runJobWorker(options, stop.signal);
}

/** Reads the lines of a batch, and does none. */
async function readAll(id: string): Promise<void> {
  const stop = new AbortController();
  const reading = work(id, 0, stop);
  while ((await show(id)).status === 'validating') await new Promise(setImmediate);
  stop.abort();
  await reading;
}

it('ends a batch that a killed service was ending, with the same files', async () => {
  const id = await create(`${line('a')}\n\n${line('b', '')}\r\n${line('c')}`);
  await work(id);
  expect((await show(id)).status).toBe('in_progress');
  // The kill comes behind the content of the output file, and before the rows.
  const write = files.write.bind(files);
  const killed = jest.spyOn(files, 'write').mockImplementation(async (...given) => {
    await write(...given);
    throw new Error('killed');
  });
  await expect(endBatches(database, files)).rejects.toThrow('killed');
  killed.mockRestore();
  expect((await show(id)).status).toBe('finalizing');

  await Promise.all([endBatches(database, files), endBatches(database, files)]);

  const ended = await show(id);
  expect(ended).toMatchObject({
    status: 'completed',
    error_file_id: null,
    request_counts: { total: 3, completed: 3, failed: 0 },
  });
  const output = await content(ended.output_file_id);
  expect(output.map(({ custom_id }) => custom_id)).toEqual(['a', 'b', 'c']);
  expect(output[0]).toMatchObject({
    response: { status_code: 200, body: { object: 'text_completion', model: 'fake' } },
    error: null,
  });
  expect(await readdir(join(folder, 'files'))).toHaveLength(2);
  const listed = await get('/v1/files?purpose=batch_output').expect(200);
  expect(listed.body).toMatchObject({
    data: [{ filename: `${id}_output.jsonl` }],
    has_more: false,
  });
});

it('expires with the lines that were not done', async () => {
  const id = await create([line('a'), line('b'), line('c')].join('\n'));
  await readAll(id);
  const options = { limit: 1, kinds: ['batch'] as const, modelName: 'fake', isIdle: true };
  const [claim] = await claimItems(database, 'worker', FAKE_MODEL, options);
  await database.db.updateTable('batch').set({ expires_at: 1 }).execute();
  await endBatches(database, files);
  // The line in work may still end.
  expect((await show(id)).status).toBe('finalizing');
  await database.db
    .updateTable('item')
    .set({ state: 'queued' })
    .where('id', '=', claim?.id ?? 0)
    .execute();

  await work(id);
  await endBatches(database, files);

  const ended = await show(id);
  expect(ended).toMatchObject({ status: 'expired', output_file_id: null });
  const lines = await content(ended.error_file_id);
  expect(lines.map(({ custom_id, error }) => [custom_id, error])).toEqual(
    ['a', 'b', 'c'].map((name): unknown[] => [
      name,
      expect.objectContaining({ code: 'batch_expired' }),
    ]),
  );
});

it('gives a rejected line the response of its route, and keeps its parameter', async () => {
  const id = await create(
    `${line('a')}\n${line('b').replace('"max_tokens":4', '"max_tokens":-1')}`,
  );
  await work(id);
  await endBatches(database, files);

  const [failed] = await content((await show(id)).error_file_id);

  const route = await post('/v1/completions').send({ model: 'fake', prompt: 'Hi', max_tokens: -1 });
  expect(failed).toMatchObject({
    custom_id: 'b',
    response: { status_code: route.status, body: route.body as object },
  });
  expect(route.body).toMatchObject({ error: { param: 'max_tokens' } });
});

it('reads the lines on behind a cursor, and finds duplicates of lines before it', async () => {
  const id = await upload(`\ufeff${line('é')}\n{"a"\n${line('b')}\n${line('é')}\n`);
  const spec = { kind: 'batch', file: id, endpoint: '/v1/completions', models: ['fake'] } as const;
  const entries = [];
  for await (const entry of batchWork().listLines(spec, '2')) entries.push(entry);

  expect(entries).toEqual([
    {
      item: {
        identifier: 'b',
        location: {
          kind: 'batch-line',
          file: id,
          offset: expect.any(Number) as number,
          bytes: line('b').length,
        },
        record: {},
      },
      cursor: '3',
    },
    {
      skipped: expect.objectContaining({ entry: '4', code: 'DUPLICATE_CUSTOM_ID' }) as object,
      cursor: '4',
    },
  ]);
  const [entry] = entries;
  const offset = entry && 'item' in entry ? entry.item.location.offset : 0;
  const part = await files.readPart(id, offset, line('b').length);
  expect(part.toString()).toBe(line('b'));
});

it('leaves batches to workers that can do them', async () => {
  await readAll(await create(line('a')));
  const options = { limit: 9, modelName: 'fake', isIdle: true };

  expect(await claimItems(database, 'worker', FAKE_MODEL, options)).toEqual([]);
  const kinds = ['batch'] as const;
  expect(await claimItems(database, 'worker', FAKE_MODEL, { ...options, kinds })).toHaveLength(1);
});

it('fails with an empty file', async () => {
  const id = await create('\n \n');
  await work(id);

  expect((await show(id)).errors).toEqual({
    object: 'list',
    data: [{ code: 'empty_file', line: null, message: expect.any(String) as string, param: null }],
  });
});

it.each<[object, string]>([
  [{ endpoint: '/v1/embeddings' }, 'endpoint'],
  [{ completion_window: '12h' }, 'completion_window'],
  [{ completion_window: '31d' }, 'completion_window'],
  [{ metadata: { a: 'x'.repeat(513) } }, 'metadata'],
  [{ output_expires_after: { anchor: 'created_at', seconds: 1 } }, 'output_expires_after.seconds'],
  [{ other: 1 }, 'other'],
])('rejects a batch with another value: %#', async (fields, param) => {
  const valid = { endpoint: '/v1/completions', completion_window: '7d' };
  const body = { ...valid, input_file_id: await upload(line('a')), ...fields };
  const reply = await post('/v1/batches').send(body).expect(400);

  expect(reply.body).toMatchObject({ error: { type: 'invalid_request_error', param } });
});

describe('files', () => {
  it('are rejected above the disk space of the service, and leave nothing on disk', async () => {
    await app.close();
    await start(1_000);
    await upload('x'.repeat(600), 'vision');

    // The service logs what its operator can mend.
    app.useLogger(false);
    const reply = await post('/v1/files')
      .field('purpose', 'user_data')
      .attach('file', Buffer.from('x'.repeat(600)), 'in.bin');

    expect(reply.status).toBe(507);
    expect(reply.body).toMatchObject({ error: { code: 'storage_full' } });
    expect(await readdir(join(folder, 'files'))).toHaveLength(1);
  });

  it('report a full disk, and remove what was written', async () => {
    const full = new SalamandraError('STORAGE_FULL', 'Full.');
    async function* chunks() {
      yield Buffer.from('begun');
      await Promise.resolve();
      throw full;
    }

    await expect(files.write(chunks())).rejects.toBe(full);
    expect(await readdir(join(folder, 'files'))).toEqual([]);
  });

  it('are removed with their content when they expire, and leftovers with them', async () => {
    const expired = await upload('a', 'vision');
    const kept = await upload('b', 'vision');
    await database.db
      .updateTable('file')
      .set({ expires_at: 1 })
      .where('id', '=', expired)
      .execute();
    const [path, leftover] = [join(folder, 'files', expired), join(folder, 'files', 'file-x.part')];
    await writeFile(leftover, '');
    for (const old of [path, leftover]) await utimes(old, 1, 1);

    await get(`/v1/files/${expired}`).expect(404);
    await files.sweep(database);

    expect(await readdir(join(folder, 'files'))).toEqual([kept]);
    await access(join(folder, 'files', kept));
  });

  it.each([
    ['purpose', { purpose: 'fine-tune' }],
    [
      'expires_after.seconds',
      { purpose: 'batch', 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': '9' },
    ],
  ])('are rejected with a wrong %s', async (param, fields) => {
    const reply = await post('/v1/files').field(fields).attach('file', Buffer.from('a'), 'a.jsonl');

    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ error: { param } });
    expect(await readdir(join(folder, 'files'))).toEqual([]);
  });
});
