import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { poll } from '../../../test/setup/poll.js';
import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createKey } from '../../keys/change-keys.js';
import type { Scope } from '../../keys/key-records.js';
import { openKeyring } from '../../keys/keyring.js';
import { createApp } from '../server.js';
import { Metrics } from './metrics.js';

const BASE64 = Buffer.from('any bytes: the engine is a fake').toString('base64');
const BODY = { media: { base64: BASE64 }, languages: ['en', 'ca'] };
const CAPTIONS = 'method="POST",route="/v1/captions"';

let folder: TemporaryFolder;
let engine: FakeEngine;
let app: NestExpressApplication;

beforeEach(async () => {
  folder = createTemporaryFolder();
  engine = createFakeEngine();
  const metrics = new Metrics();
  metrics.addProcessMetrics();
  app = await createApp(metrics.watchEngine(engine), {
    metrics,
    keys: openKeyring(folder.path('home')),
  });
  await app.listen(0, '127.0.0.1');
});

afterEach(async () => {
  app.getHttpServer().closeAllConnections();
  await app.close();
  folder.remove();
});

const get = (path: string) => request(app.getHttpServer()).get(path);
const caption = () => request(app.getHttpServer()).post('/v1/captions').send(BODY);

/** The lines of `GET /metrics`, once one of them is the awaited one: a response is counted after its end. */
async function linesWith(awaited: string): Promise<string[]> {
  return await poll(async () => {
    const lines = (await get('/metrics').expect(200)).text.split('\n');
    return lines.includes(awaited) ? lines : undefined;
  }, 5_000);
}
const countOf = (labels: string, value: number) =>
  `salamandra_http_request_duration_seconds_count{${labels}} ${value}`;

it('counts tokens and requests by route', async () => {
  await caption().expect(200);
  const lines = await linesWith(countOf(`${CAPTIONS},status="200"`, 1));

  expect(lines).toEqual(
    expect.arrayContaining([
      // Two conversations of 210 and 3 tokens.
      'salamandra_prefill_tokens_total 420',
      'salamandra_decode_tokens_total 6',
      'salamandra_prefix_cache_hit_tokens_total 0',
      'salamandra_requests_waiting 0',
      'salamandra_requests_running 0',
    ]),
  );
  expect(lines.some((line) => /^process_resident_memory_bytes \d/.test(line))).toBe(true);
  expect(lines.some((line) => /^nodejs_eventloop_lag_p99_seconds /.test(line))).toBe(true);
  expect((await get('/metrics')).headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
});

it('counts each media error once, by its code', async () => {
  engine.failure = new SalamandraError('MEDIA_CORRUPT', 'Damaged.');
  await caption().expect(422);
  const lines = await linesWith(countOf(`${CAPTIONS},status="422"`, 1));

  expect(lines).toContain('salamandra_media_errors_total{code="MEDIA_CORRUPT"} 1');
});

it('labels paths with their templates, and unknown ones together', async () => {
  await get('/v1/models/one').expect(404);
  await get('/V1/models/two/').expect(404);
  await get('/secret-one');
  await get('/secret-two');
  const other = countOf('method="GET",route="other",status="404"', 2);
  const lines = await linesWith(other);

  expect(lines).toContain(countOf('method="GET",route="/v1/models/{id}",status="404"', 2));
  expect(lines.join('\n')).not.toMatch(/secret|\/one|\/two/);
});

it('tells waiting, running and abandoned requests apart', async () => {
  engine.isHanging = true;
  const reply = caption();
  reply.end(() => undefined);
  await linesWith('salamandra_requests_waiting 1');
  reply.abort();
  await linesWith(countOf(`${CAPTIONS},status="aborted"`, 1));

  const running = new Metrics();
  const watched = running.watchEngine({
    ...createFakeEngine(),
    async *generate(_request, _signal, onStart) {
      onStart?.();
      await Promise.resolve();
      yield { type: 'media', media: [] };
    },
  });
  const events = watched.generate({} as Parameters<typeof watched.generate>[0]);
  for await (const event of events) {
    expect(event.type).toBe('media');
    const text = await running.render();
    expect(text).toContain('salamandra_requests_running 1\n');
    expect(text).toContain('salamandra_requests_waiting 0\n');
  }
  expect(await running.render()).toContain('salamandra_requests_running 0\n');
});

it('needs the scope admin once keys exist', async () => {
  const create = (name: string, scopes: readonly Scope[]) =>
    createKey(folder.path('home'), {
      ...{ name, scopes, expires: null },
      limits: { requestsPerMinute: null, picturesPerDay: null, tokensPerDay: null },
    });
  const reader = await create('reader', ['read', 'generate', 'jobs']);
  const admin = await create('admin', ['admin']);

  await get('/metrics').expect(401);
  await get('/metrics/').set('x-api-key', reader).expect(403);
  const reply = await get('/metrics').set('x-api-key', admin).expect(200);
  expect(reply.text).not.toMatch(/reader|127\.0\.0\.1/);
});
