import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createApp } from '../server.js';

const BASE64 = Buffer.from('any bytes: the engine is a fake').toString('base64');

let engine: FakeEngine;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  await app.init();
});

afterEach(() => app.close());

const post = (path: string) => request(app.getHttpServer()).post(path);

describe('a null member', () => {
  it('counts as undefined', async () => {
    const settings = { max_tokens: null, detail: null, languages: null, kind: null };
    const reply = await post('/v1/captions').send({
      media: { base64: BASE64, url: null },
      ...settings,
    });

    expect(reply.status).toBe(200);
    expect(engine.requests[0]).toMatchObject({ detail: 'auto', settings: { maxTokens: 128 } });
    expect(engine.requests[0]!.conversations).toHaveLength(1);
  });

  it.each([
    ['/v1/captions', { media: { base64: null } }],
    ['/v1/captions', { media: null }],
    ['/v1/estimate', { media: { base64: null } }],
    ['/v1/estimate', { media: { width: null, height: 5 } }],
    ['/v1/estimate', { media: { duration_seconds: null } }],
    ['/v1/estimate', { media: [null] }],
    ['/v1/answers', { question: null }],
  ])('is reported where a value is required: %s %j', async (path, body) => {
    expect((await post(path).send(body)).status).toBe(400);
  });

  it('counts as undefined in the JSON of a form too', async () => {
    const reply = await post('/v1/captions').field('media', '{"base64": null}');

    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
