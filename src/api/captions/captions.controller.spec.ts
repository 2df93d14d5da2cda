import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fake-engine.js';
import { poll } from '../../../test/poll.js';
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

describe('POST /v1/captions', () => {
  it('turns a form into conversations and their answers into results', async () => {
    const reply = await post('/v1/captions')
      .attach('file', PICTURE, 'x.png')
      .field('languages', 'ca, nb')
      .field('kind', 'alt')
      .field('temperature', '0.5')
      .field('max_tokens', '20')
      .field('stop', 'END');

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      id: expect.stringMatching(/^cap_/) as string,
      model: 'fake',
      media: { width: 30, height: 20, tiles: 5, grid: { rows: 2, columns: 2 }, visual_tokens: 199 },
      results: [
        { language: 'ca', kind: 'alt', text: 'answer 0', finish_reason: 'stop' },
        { language: 'no', kind: 'alt', text: 'answer 1', timings: { prefill_ms: 1.3 } },
      ],
      timings: { decode_ms: 1, generate_ms: 5, total_ms: 15 },
    });
    expect(engine.requests[0]?.images[0]).toEqual(PICTURE);
    expect(engine.requests[0]?.settings).toMatchObject({
      temperature: 0.5,
      maxTokens: 20,
      stop: ['END'],
    });
    expect(engine.requests[0]?.conversations[0]?.[0]?.content[0]).toEqual({ type: 'image' });
  });

  it('takes the same as JSON and answers in English by default', async () => {
    const reply = await post('/v1/captions').send({ media: { base64: BASE64 } });

    expect(reply.body).toMatchObject({ results: [{ language: 'en', kind: 'caption' }] });
    expect(engine.requests[0]?.images[0]).toEqual(PICTURE);
  });

  it.each([
    ['an unknown field', { media: { base64: BASE64 }, x: 1 }, 'UNKNOWN_FIELD', 'x'],
    [
      'an unknown nested field',
      { media: { base64: BASE64, url: '' } },
      'UNKNOWN_FIELD',
      'media.url',
    ],
    ['a text as temperature', { temperature: 'x' }, 'INVALID_PARAMETER', 'temperature'],
    ['a negative max_tokens', { max_tokens: -1 }, 'INVALID_PARAMETER', 'max_tokens'],
    ['an unknown kind', { kind: 'poem' }, 'INVALID_PARAMETER', 'kind'],
    ['36 languages', { languages: Array(36).fill('ca') }, 'INVALID_PARAMETER', 'languages'],
    ['a list as media', { media: [] }, 'INVALID_PARAMETER', 'media'],
  ])('names the field of %s', async (_, body, code, field) => {
    const reply = await post('/v1/captions').send(body);

    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code, errors: [{ field }] });
    expect(engine.requests).toHaveLength(0);
  });

  it.each([
    ['no picture', { languages: ['ca'] }, 400, 'INVALID_REQUEST'],
    [
      'an unknown language',
      { media: { base64: BASE64 }, languages: ['xx'] },
      400,
      'INVALID_PARAMETER',
    ],
    ['broken base64', { media: { base64: 'a?==' } }, 400, 'INVALID_BASE64'],
    ['9 MB of base64', { media: { base64: 'A'.repeat(11_000_000) } }, 413, 'PAYLOAD_TOO_LARGE'],
    ['13 MB of JSON', { x: 'A'.repeat(13_000_000) }, 413, 'PAYLOAD_TOO_LARGE'],
    ['a list', [1], 400, 'INVALID_REQUEST'],
    ['too many values', { languages: Array(2_000).fill('ca') }, 400, 'INVALID_REQUEST'],
  ])('refuses %s', async (_, body, status, code) => {
    const reply = await post('/v1/captions').send(body);

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
  });

  it.each([
    ['bad JSON', 'application/json', '{"media":', 400, 'INVALID_JSON'],
    [
      'JSON nested too deeply',
      'application/json',
      '['.repeat(9_999) + ']'.repeat(9_999),
      400,
      'INVALID_REQUEST',
    ],
    ['a reserved name', 'application/json', '{"__proto__":{}}', 400, 'UNKNOWN_FIELD'],
    ['plain text', 'text/plain', 'hello', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a cut form',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disp',
      400,
      'MULTIPART_MALFORMED',
    ],
    ['a form without boundary', 'multipart/form-data', 'x', 400, 'MULTIPART_MALFORMED'],
  ])('refuses %s', async (_, type, body, status, code) => {
    const reply = await post('/v1/captions').set('Content-Type', type).send(body);

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
  });

  it.each([
    ['two files', ['file', 'file'], 413, 'TOO_MANY_PARTS'],
    ['a file in another field', ['picture'], 400, 'UNKNOWN_FIELD'],
  ])('refuses %s', async (_, names, status, code) => {
    const form = post('/v1/captions');
    for (const name of names) form.attach(name, PICTURE, 'x.png');
    const reply = await form;

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
  });

  it('cancels the work of a client who leaves', async () => {
    engine.isHanging = true;
    const call = post('/v1/captions').send({ media: { base64: BASE64 } });
    call.catch(() => undefined);
    call.end(() => undefined);
    const signal = await poll(() => engine.signals[0]);
    call.abort();

    await poll(() => signal.aborted || undefined);
    engine.isHanging = false;
    expect((await post('/v1/captions').send({ media: { base64: BASE64 } })).status).toBe(200);
  });
});
