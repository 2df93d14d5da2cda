import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../test/fakes/fake-inspector.js';
import { damaged, list, names, outcomeOf, work } from '../../../test/jobs/job-fixture.js';
import type { Claim } from '../../jobs/claims.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { openJobDatabase } from '../../jobs/database/open-database.js';
import { getJob } from '../../jobs/jobs.js';
import { createApp } from '../server.js';
import { NO_JOBS } from './job-service.js';

describe('/v1/jobs', () => {
  let folder: string;
  let photos: string;
  let database: JobDatabase;
  let app: NestExpressApplication;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'salamandra-jobs-spec-'));
    photos = join(folder, 'photos');
    await mkdir(photos);
    database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
    app = await createApp(createFakeEngine(), {
      videoInspector: createFakeInspector(),
      jobs: {
        ...NO_JOBS,
        roots: [photos],
        database: () => database,
        webhookRules: { mediaUrls: 'off', webhookOrigins: ['https://hooks.example.org'] },
      },
    });
    await app.init();
  });

  afterEach(async () => {
    await app.close();
    await database.close();
    await rm(folder, { recursive: true });
  });

  const post = (path: string, body: object = {}) =>
    request(app.getHttpServer()).post(path).send(body);
  const get = (path: string) => request(app.getHttpServer()).get(path);

  it('shows the secret of a webhook once, and refuses URLs that are not allowed', async () => {
    const source = { kind: 'folder', path: photos };
    const webhook = { url: 'https://hooks.example.org/salamandra' };
    const create = (body: object) => post('/v1/jobs', { source, ...body });
    const first = await create({ webhook }).set('Idempotency-Key', 'k1').expect(201);
    const again = await create({ webhook }).set('Idempotency-Key', 'k1').expect(201);
    const { id } = first.body as { id: string };
    const shown = await get(`/v1/jobs/${id}`).expect(200);

    expect(first.body).toMatchObject({
      webhook: { ...webhook, secret: expect.stringMatching(/^whsec_/) as string },
    });
    const state = { ...webhook, pending: 0, failed: 0, last_error: null };
    expect((again.body as { webhook: object }).webhook).toEqual(state);
    expect((shown.body as { webhook: object }).webhook).toEqual(state);
    await create({ webhook: { url: 'http://127.0.0.1:9/' } }).expect(403);
    await create({ webhook: { url: 'https://other.example.org/' } }).expect(403);
    await create({ webhook: { ...webhook, secret: 'whsec_short' } }).expect(400);
  });

  it('creates a job once for an idempotency key, and lists it', async () => {
    const body = {
      source: { kind: 'folder', path: photos, exclude: ['thumbs'] },
      languages: ['ca', 'es'],
      kind: ['alt', 'caption'],
      detail: 'low',
    };

    const first = await post('/v1/jobs', body).set('Idempotency-Key', 'k1').expect(201);
    const second = await post('/v1/jobs', body).set('Idempotency-Key', 'k1').expect(201);

    expect(first.body).toMatchObject({
      object: 'job',
      name: 'photos',
      state: 'active',
      recipe: { languages: ['ca', 'es'], kinds: ['alt', 'caption'], detail: 'low' },
      source: { kind: 'folder', path: photos, exclude: ['thumbs'] },
      counts: { total: 0, done: 0 },
      started: null,
    });
    expect((first.body as { source: object }).source).not.toHaveProperty('roots');
    const { source } = await getJob(database, (first.body as { id: string }).id);
    expect(source).toMatchObject({ roots: [photos] });
    expect((second.body as { id: string }).id).toBe((first.body as { id: string }).id);
    const listed = await get('/v1/jobs').expect(200);
    expect(listed.body).toMatchObject({ object: 'list', data: [{ name: 'photos' }], next: null });
  });

  it('rejects paths outside the roots, without telling whether they exist', async () => {
    await symlink('/etc', join(photos, 'link'));
    const details = [];
    for (const path of ['/etc', '/no/such/folder', join(photos, '..'), join(photos, 'link')]) {
      const rejected = await post('/v1/jobs', { source: { kind: 'folder', path } }).expect(403);
      details.push((rejected.body as { detail: string }).detail);
    }
    expect(new Set(details).size).toBe(1);
  });

  it('rejects URLs while they are switched off', async () => {
    const urls = { kind: 'urls', urls: ['https://example.org/a.jpg'] };
    const rejected = await post('/v1/jobs', { source: urls }).expect(422);
    expect(rejected.body).toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    const manifest = { kind: 'iiif', url: 'https://example.org/manifest.json' };
    await post('/v1/jobs', { source: manifest }).expect(422);
  });

  it('names the missing field of a source, and unknown fields', async () => {
    const missing = await post('/v1/jobs', { source: { kind: 'iiif' } }).expect(400);
    expect(missing.body).toMatchObject({
      code: 'INVALID_PARAMETER',
      detail: 'A source of kind "iiif" needs "url".',
    });
    await post('/v1/jobs', {}).expect(400);
    const unknown = await post('/v1/jobs', { source: { kind: 'urls', urls: ['x'] }, lang: 'ca' });
    expect(unknown.body).toMatchObject({ code: 'UNKNOWN_FIELD' });
  });

  it('shows progress, failures, items and results of a job', async () => {
    const { id } = await create();
    await workOn(names(3), (claim) => {
      if (claim.identifier === 'n1') throw damaged();
      return outcomeOf(claim);
    });

    const job = await get(`/v1/jobs/${id}`).expect(200);
    expect(job.body).toMatchObject({
      state: 'done',
      counts: { total: 3, done: 2, failed: 1, queued: 0 },
      failures: [{ code: 'MEDIA_CORRUPT', items: 1 }],
      model: { id: 'demo' },
    });
    const failed = await get(`/v1/jobs/${id}/items?state=failed`).expect(200);
    expect(failed.body).toMatchObject({
      data: [{ identifier: 'n1', error: { code: 'MEDIA_CORRUPT' }, attempts: 1 }],
    });
    const page = await get(`/v1/jobs/${id}/items?limit=2`).expect(200);
    const { next } = page.body as { next: string };
    const rest = await get(`/v1/jobs/${id}/items?limit=2&after=${next}`).expect(200);
    expect(rest.body).toMatchObject({ data: [{ identifier: 'n2' }], next: null });
    const results = await get(`/v1/jobs/${id}/results`).expect(200);
    const lines = results.text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { identifier: string }).identifier)).toEqual(
      names(3),
    );
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      results: [{ language: 'ca', kind: 'caption', text: 'text of n0' }],
    });
    await get(`/v1/jobs/${id}/results?after=x`).expect(400);
  });

  it('pauses, resumes, cancels, retries and deletes', async () => {
    const { id } = await create();
    await list(database, names(2));

    const paused = await post(`/v1/jobs/${id}/pause`).expect(200);
    expect(paused.body).toMatchObject({ state: 'paused', waiting_reason: 'by request' });
    const resumed = await post(`/v1/jobs/${id}/resume`).expect(200);
    expect(resumed.body).toMatchObject({ state: 'active', waiting_reason: null });
    await workOn([], () => {
      throw damaged();
    });
    const retried = await post(`/v1/jobs/${id}/retry`).expect(200);
    expect(retried.body).toMatchObject({ state: 'active', counts: { queued: 2, failed: 0 } });
    const cancelled = await post(`/v1/jobs/${id}/cancel`).expect(200);
    expect(cancelled.body).toMatchObject({ state: 'cancelling' });
    await post(`/v1/jobs/${id}/resume`).expect(400);
    await request(app.getHttpServer()).delete(`/v1/jobs/${id}`).expect(204);
    await get(`/v1/jobs/${id}`).expect(404);
  });

  it('streams the events behind the last one that the client has', async () => {
    const { id } = await create();
    await workOn(names(2), outcomeOf);

    const all = await get(`/v1/jobs/${id}/events`).expect(200);
    const types = [...all.text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    expect(new Set(types)).toEqual(new Set(['created', 'started', 'listed', 'done', 'progress']));
    const [firstId] = [...all.text.matchAll(/^id: (\d+)$/gm)].map(([, number]) => number);
    const rest = await get(`/v1/jobs/${id}/events`).set('Last-Event-ID', firstId ?? '');
    expect(rest.text).not.toContain('event: created');
    expect(rest.text).toContain('event: done');
  });

  it('lists workers', async () => {
    const workers = await get('/v1/workers').expect(200);
    expect(workers.body).toEqual({ object: 'list', data: [] });
  });

  async function create(): Promise<{ id: string }> {
    const created = await post('/v1/jobs', { source: { kind: 'folder', path: photos } });
    return created.body as { id: string };
  }

  async function workOn(
    entries: readonly string[],
    process: (claim: Claim) => ReturnType<typeof outcomeOf>,
  ): Promise<void> {
    await work(database, { entries, process });
  }
});

it('answers 503 with the reason if there is no job database', async () => {
  const app = await createApp(createFakeEngine(), { videoInspector: createFakeInspector() });
  await app.init();

  const rejected = await request(app.getHttpServer()).get('/v1/jobs').expect(503);

  expect(rejected.body).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  await app.close();
});
