import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
import { createFakeInspector } from '../../../test/fakes/fake-inspector.js';
import { createApp } from '../server.js';

const IMAGE = Buffer.from('any bytes: the engine is a fake');
const BASE64 = IMAGE.toString('base64');
const question = 'What is on these pages?';

let engine: FakeEngine;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine, { videoInspector: createFakeInspector() });
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const post = (path: string) => request(app.getHttpServer()).post(path);

/** The pages of the images that the engine got in its latest request. */
const requestedPages = () =>
  engine.requests.at(-1)?.media.map((item) => (item.kind === 'image' ? item.page : 'video'));

describe('pages of a request', () => {
  it('come from the form, and are in the report', async () => {
    const reply = await post('/v1/captions').attach('file', IMAGE, 'x.tif').field('page', '3');
    expect(reply.body).toMatchObject({ media: { page: 3, pages: 3 } });
    expect(requestedPages()).toEqual([3]);

    await post('/v1/captions').attach('file', IMAGE, 'x.tif');
    expect(requestedPages()).toEqual([undefined]);
  });

  it('become images of one question each', async () => {
    await post('/v1/answers')
      .attach('file', IMAGE, 'x.pdf')
      .field('pages', '2-4')
      .field('question', question);
    expect(requestedPages()).toEqual([2, 3, 4]);
  });

  it('come from JSON, of the file before those of the request', async () => {
    const media = [{ base64: BASE64, pages: '5-6' }, { base64: BASE64 }];
    await post('/v1/answers').send({ media, page: 2, question });
    expect(requestedPages()).toEqual([5, 6, 2]);
  });

  it('come from the image part of a chat message', async () => {
    const url = `data:image/tiff;base64,${BASE64}`;
    const content = [
      { type: 'image_url', image_url: { url, page: 4 } },
      { type: 'text', text: question },
    ];
    await post('/v1/chat/completions').send({
      model: 'fake',
      messages: [{ role: 'user', content }],
    });
    expect(requestedPages()).toEqual([4]);
  });

  it.each([
    ['/v1/captions', { media: { base64: BASE64 }, pages: '2-4' }, 'INVALID_PARAMETER'],
    ['/v1/captions', { media: { base64: BASE64 }, page: 0 }, 'INVALID_PARAMETER'],
    ['/v1/captions', { media: { base64: BASE64 }, page: 1, pages: '2' }, 'INVALID_REQUEST'],
    [
      '/v1/captions',
      { media: { base64: tinyVideo().toString('base64') }, page: 1 },
      'INVALID_PARAMETER',
    ],
    ['/v1/answers', { media: { base64: BASE64, pages: '1-9' }, question }, 'INVALID_PARAMETER'],
    ['/v1/answers', { media: { base64: BASE64, pages: '4-2' }, question }, 'INVALID_PARAMETER'],
    [
      '/v1/chat/completions',
      {
        model: 'fake',
        messages: [
          {
            role: 'user',
            content: [
              {
                type: 'image_url',
                image_url: { url: `data:image/tiff;base64,${BASE64}`, page: 0 },
              },
            ],
          },
        ],
      },
      'INVALID_PARAMETER',
    ],
  ])('are refused: %s %j', async (path, body, code) => {
    const reply = await post(path).send(body);
    expect(reply.status).toBe(400);
    expect(JSON.stringify(reply.body).toUpperCase()).toContain(code);
    expect(engine.requests).toHaveLength(0);
  });

  it('count for an estimate', async () => {
    const media = [
      { base64: BASE64, pages: '1-3' },
      { width: 30, height: 20 },
    ];
    const reply = await post('/v1/estimate').send({ media });
    expect((reply.body as { media: unknown[] }).media).toHaveLength(4);
  });
});
