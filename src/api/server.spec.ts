import type { AddressInfo } from 'node:net';

import { jest } from '@jest/globals';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../test/fakes/fake-inspector.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createMediaFetcher } from '../media/remote/media-fetcher.js';
import { AppModule } from './app.module.js';
import { NO_JOBS } from './jobs/job-service.js';
import { Metrics } from './observability/metrics.js';
import { createApp, listen } from './server.js';
import { HealthController } from './routes/health.js';

const BASE64 = Buffer.from('any bytes: the engine is a fake').toString('base64');

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
        imageBytes: 1_000,
        temporaryBytes: 1e9,
        chatBytes: 1_000,
        jobs: NO_JOBS,
        metrics: new Metrics(),
      }),
    ],
  }).compile();

  expect(module.get(HealthController).ready()).toEqual({ status: 'ok' });
});

describe('errors', () => {
  it('are problems with the request id and without the cause', async () => {
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

  it('hide the text of unexpected exceptions', async () => {
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

it('documents every route', async () => {
  const document = await get('/openapi.json');
  const page = await get('/docs');

  const { paths, servers } = document.body as OpenAPIObject;
  // Relative to /docs, also behind a path prefix.
  expect(servers).toEqual([{ url: '.' }]);
  expect(Object.keys(paths)).toEqual([
    '/v1/captions',
    '/v1/answers',
    '/v1/videos/captions',
    '/v1/chat/completions',
    '/v1/completions',
    ...['/api/version', '/api/tags', '/api/ps', '/api/show', '/api/chat', '/api/generate'],
    ...['/v1/files', '/v1/files/{file_id}', '/v1/files/{file_id}/content'],
    ...['/v1/batches', '/v1/batches/{batch_id}', '/v1/batches/{batch_id}/cancel'],
    '/v1/estimate',
    '/v1/thumbnails',
    '/v1/receipts/replay',
    '/v1/models',
    '/v1/models/{id}',
    '/v1/languages',
    '/health/live',
    '/health/ready',
    '/metrics',
    '/session',
    ...['/v1/jobs', '/v1/jobs/{id}', '/v1/jobs/{id}/events', '/v1/jobs/{id}/items'],
    ...['/v1/jobs/{id}/skipped', '/v1/jobs/{id}/results', '/v1/jobs/{id}/pause'],
    ...['/v1/jobs/{id}/resume', '/v1/jobs/{id}/cancel', '/v1/jobs/{id}/retry'],
    ...['/v1/jobs/{id}/review', '/v1/jobs/{id}/review/counts'],
    ...['/v1/jobs/{id}/review/{group}/undo', '/v1/jobs/{id}/items/{item}'],
    '/v1/jobs/{id}/items/{item}/texts/{number}/revisions',
    ...['/v1/jobs/{id}/items/{item}/review', '/v1/jobs/{id}/items/{item}/regenerate'],
    ...['/v1/jobs/{id}/items/{item}/thumbnail', '/v1/jobs/{id}/items/{item}/media'],
    ...['/v1/jobs/{id}/import', '/v1/jobs/{id}/export', '/v1/jobs/{id}/uploads'],
    ...['/v1/jobs/{id}/uploads/complete', '/v1/jobs/{id}/uploads/{upload}', '/v1/workers'],
  ]);
  expect(page.text).toContain('swagger-ui');
  expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
  const operations = Object.values(paths).flatMap(
    (methods) => Object.values(methods) as { summary?: string; description?: string }[],
  );
  for (const { summary, description } of operations) {
    expect(summary).toMatch(/^[A-Z].{10,80}$/);
    expect(description).toMatch(/^[A-Z][^]{20,}\.$/);
  }
});

describe('listen', () => {
  it('names the address and the setting if the port is in use, and logs nothing', async () => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const second = await createApp(engine);
    const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const errors = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const failure: unknown = await listen(second, '127.0.0.1', port).catch(
      (error: unknown) => error,
    );
    const lines = [...written.mock.calls, ...errors.mock.calls];
    written.mockRestore();
    errors.mockRestore();
    await second.close();

    expect(failure).toMatchObject({
      code: 'INVALID_PARAMETER',
      publicMessage: `Cannot listen on http://127.0.0.1:${port}: another process uses this port. Set PORT to a free port.`,
    });
    expect(lines).toEqual([]);
  });

  it('returns the port that the system chose', async () => {
    const second = await createApp(engine);
    const { port } = await listen(second, '127.0.0.1', 0);
    const reply = await fetch(`http://127.0.0.1:${port}/health/live`);
    await second.close();

    expect(reply.status).toBe(200);
  });
});
