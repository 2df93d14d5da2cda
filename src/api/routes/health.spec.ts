import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { poll } from '../../../test/setup/poll.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { WorkQueue } from '../admission/work-queue.js';
import { createApp } from '../server.js';

const IMAGE = Buffer.from('any bytes: the engine is a fake');

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

it('is ok while the model is ready', async () => {
  for (const path of ['/health/live', '/health/ready']) {
    const reply = await get(path);
    expect([reply.status, reply.body]).toEqual([200, { status: 'ok' }]);
  }
});

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
] as const)(
  'is 503 while the engine is %s, like the routes that use it',
  async (_, state, code) => {
    engine.nextStatus = state;
    const replies = [
      await get('/health/ready'),
      await post('/v1/captions').attach('file', IMAGE, 'x'),
    ];

    for (const { status, body, headers } of replies) {
      expect([status, (body as { code: string }).code]).toEqual([503, code]);
      expect(headers['retry-after']).toBe('5');
    }
    expect((await get('/health/live')).status).toBe(200);
  },
);

it('reports the shutdown while the gate waits for running requests', async () => {
  engine.isHanging = true;
  const call = post('/v1/captions').send({ media: { base64: IMAGE.toString('base64') } });
  call.end(() => undefined);
  await poll(() => engine.signals[0]);
  let isDrained = false;
  const drained = app
    .get(WorkQueue)
    .drain(5_000)
    .then(() => (isDrained = true));

  expect((await get('/health/ready')).body).toMatchObject({ code: 'SHUTTING_DOWN' });
  expect(isDrained).toBe(false);
  call.abort();
  await drained;
});
