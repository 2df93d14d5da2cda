import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../test/fakes/fake-inspector.js';
import { poll } from '../../test/setup/poll.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createMediaFetcher } from '../media/remote/media-fetcher.js';
import { AppModule } from './app.module.js';
import { createApp } from './server.js';
import { HealthController } from './routes/health.js';
import { RequestGate } from './request/request-gate.js';

const PICTURE = Buffer.from('any bytes: the engine is a fake');
const BASE64 = PICTURE.toString('base64');

let engine: FakeEngine;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const post = (path: string) => request(app.getHttpServer()).post(path);
const get = (path: string) => request(app.getHttpServer()).get(path);

it('compiles with every dependency injected', async () => {
  const module = await Test.createTestingModule({
    imports: [
      AppModule.of({
        engine,
        mediaFetcher: createMediaFetcher('off'),
        videoInspector: createFakeInspector(),
        findCalibration: () => Promise.resolve(undefined),
      }),
    ],
  }).compile();

  expect(module.get(HealthController).ready()).toEqual({ status: 'ok' });
});

describe('errors', () => {
  it('are problems with the id of the request and without the cause', async () => {
    const cause = new Error('/secret/path');
    engine.failure = new SalamandraError('MEDIA_CORRUPT', 'Damaged.', {
      cause,
      details: { limit: 3 },
    });
    const reply = await post('/v1/captions')
      .set('X-Request-Id', 'abc')
      .send({ media: { base64: BASE64 } });

    expect(reply.type).toBe('application/problem+json');
    expect(reply.headers).toMatchObject({
      'x-request-id': 'abc',
      'x-content-type-options': 'nosniff',
    });
    expect(reply.headers).not.toHaveProperty('x-powered-by');
    expect(reply.body).toEqual({
      type: 'urn:visual-salamandra:problem:media-corrupt',
      title: 'Unprocessable Entity',
      status: 422,
      code: 'MEDIA_CORRUPT',
      detail: 'Damaged.',
      requestId: 'abc',
      retryable: false,
      parameters: { limit: 3 },
    });
  });

  it('hide what nobody foresaw', async () => {
    app.useLogger(false);
    engine.failure = new TypeError('/secret/path');
    const reply = await post('/v1/captions').send({ media: { base64: BASE64 } });

    expect(reply.body).toMatchObject({ status: 500, code: 'INTERNAL', detail: 'Internal error.' });
  });

  it.each([
    ['GET', '/nope', 404, 'NOT_FOUND', undefined],
    ['GET', '/v1/captions', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['DELETE', '/v1/languages/', 405, 'METHOD_NOT_ALLOWED', 'GET'],
  ])('%s %s is %i', async (method, path, status, code, allow) => {
    const server = request(app.getHttpServer());
    const reply = await (method === 'GET' ? server.get(path) : server.delete(path));

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
    expect(reply.headers['allow']).toBe(allow);
  });
});

describe('readiness', () => {
  it.each([
    [
      'loading',
      { state: 'loading', progress: { step: 'converting', fraction: 0.5 } },
      'MODEL_NOT_READY',
    ],
    [
      'failed',
      { state: 'failed', error: new SalamandraError('MODEL_INVALID', 'Bad.') },
      'MODEL_INVALID',
    ],
    ['closed', { state: 'closed' }, 'SHUTTING_DOWN'],
  ] as const)('is 503 while the engine is %s, for work too', async (_, status, code) => {
    engine.nextStatus = status;
    const replies = [
      await get('/health/ready'),
      await post('/v1/captions').attach('file', PICTURE, 'x'),
    ];

    for (const { status, body, headers } of replies) {
      expect([status, (body as { code: string }).code]).toEqual([503, code]);
      expect(headers['retry-after']).toBe('5');
    }
    expect((await get('/health/live')).status).toBe(200);
  });

  it('ends with the drain, which waits for running work', async () => {
    engine.isHanging = true;
    const call = post('/v1/captions').send({ media: { base64: BASE64 } });
    call.end(() => undefined);
    await poll(() => engine.signals[0]);
    let isDrained = false;
    const drained = app
      .get(RequestGate)
      .drain(5_000)
      .then(() => (isDrained = true));

    expect((await get('/health/ready')).body).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(isDrained).toBe(false);
    call.abort();
    await drained;
  });
});

it('describes itself, the model and the languages', async () => {
  const document = await get('/openapi.json');
  const page = await get('/docs');
  const models = await get('/v1/models');
  const languages = await get('/v1/languages');

  expect(Object.keys((document.body as { paths: object }).paths)).toEqual([
    '/v1/captions',
    '/v1/answers',
    '/v1/videos/captions',
    '/v1/chat/completions',
    '/v1/completions',
    '/v1/estimate',
    '/v1/models',
    '/v1/models/{id}',
    '/v1/languages',
    '/health/live',
    '/health/ready',
  ]);
  expect(page.text).toContain('swagger-ui');
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(models.body).toMatchObject({
    object: 'list',
    data: [{ id: 'fake', context_length: 1024 }],
  });
  expect((languages.body as { data: object[] }).data).toHaveLength(35);
});
