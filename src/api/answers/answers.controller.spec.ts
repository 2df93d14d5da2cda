import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fake-engine.js';
import { createApp } from '../create-app.js';

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

describe('POST /v1/answers', () => {
  it('keeps the ids of questions', async () => {
    const reply = await post('/v1/answers')
      .attach('file', PICTURE, 'x.png')
      .field('language', 'ca')
      .field(
        'questions',
        JSON.stringify([
          { id: 'a', text: 'Què?' },
          { id: 'b', text: 'On?' },
        ]),
      );

    expect(reply.body).toMatchObject({
      answers: [
        { id: 'a', language: 'ca', text: 'answer 0' },
        { id: 'b', language: 'ca', text: 'answer 1' },
      ],
    });
  });

  it.each([
    ['no question', {}, 'INVALID_REQUEST'],
    ['both forms', { question: 'x', questions: [{ id: '1', text: 'x' }] }, 'INVALID_REQUEST'],
    ['an empty question', { question: '' }, 'INVALID_PARAMETER'],
    ['a question of 33 kB', { question: 'à'.repeat(16_500) }, 'INVALID_PARAMETER'],
    ['33 questions', { questions: Array(33).fill({ id: '1', text: 'x' }) }, 'INVALID_PARAMETER'],
  ])('refuses %s', async (_, body, code) => {
    const reply = await post('/v1/answers').send({ media: { base64: BASE64 }, ...body });

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([400, code]);
  });
});
