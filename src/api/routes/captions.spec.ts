import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import {
  createFakeEngine,
  FAKE_MODEL,
  type FakeEngine,
  messagesOf,
  SAMPLING_MODEL,
} from '../../../test/fakes/fake-engine.js';
import { poll } from '../../../test/setup/poll.js';
import { readEvents } from '../../../test/http/read-events.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

const IMAGE = Buffer.from('any bytes: the engine is a fake');
const BASE64 = IMAGE.toString('base64');

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
  it('turns a form into conversations, and answers into results', async () => {
    const reply = await post('/v1/captions')
      .attach('file', IMAGE, 'x.png')
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
      timings: { media_decode_ms: 1, decode_ms: 5, total_ms: 15 },
    });
    expect(engine.requests[0]?.media[0]).toEqual({ kind: 'image', bytes: IMAGE });
    expect(engine.requests[0]?.settings).toMatchObject({
      temperature: 0.5,
      maxTokens: 20,
      stop: ['END'],
    });
    expect(messagesOf(engine.requests[0]?.conversations[0])[0]?.content[0]).toEqual({
      type: 'image',
    });
  });

  it('is greedy although the checkpoint samples, unless the request sets a temperature', async () => {
    engine.nextStatus = { state: 'ready', model: SAMPLING_MODEL };
    const media = { base64: BASE64 };
    await post('/v1/captions').send({ media, kind: ['caption', 'alt'] });
    await post('/v1/captions').send({ media, temperature: 0.9 });

    expect(engine.requests.map(({ settings }) => settings)).toMatchObject([
      { temperature: 0, repetitionPenalty: 1.2 },
      { temperature: 0.9, repetitionPenalty: 1.2 },
    ]);
  });

  it('accepts JSON and generates English by default', async () => {
    const reply = await post('/v1/captions').send({ media: { base64: BASE64 } });

    expect(reply.body).toMatchObject({ results: [{ language: 'en', kind: 'caption' }] });
    expect(engine.requests[0]?.media[0]).toEqual({ kind: 'image', bytes: IMAGE });
  });

  describe('of a model with fewer languages', () => {
    const languages = ['de', 'fr'];
    beforeEach(() => {
      engine.nextStatus = { state: 'ready', model: { ...FAKE_MODEL, languages } };
    });

    it('names its languages if another one is requested', async () => {
      const body = { media: { base64: BASE64 }, languages: ['de', 'ca'] };
      const reply = await post('/v1/captions').send(body);

      expect(reply.status).toBe(400);
      expect(reply.body).toMatchObject({
        code: 'INVALID_PARAMETER',
        detail: 'The model has no Catalan (ca). Use one of its languages: de, fr.',
        parameters: { parameter: 'languages', allowed: languages },
      });
      expect(engine.requests).toHaveLength(0);
    });

    it('generates its first language by default if it has no English', async () => {
      const reply = await post('/v1/captions').send({ media: { base64: BASE64 } });
      expect(reply.body).toMatchObject({ results: [{ language: 'de' }] });
    });
  });

  it.each([
    ['line breaks', `${BASE64.slice(0, 2)}\r\n${BASE64.slice(2)}\n`],
    ['a data: URL', `data:image/jpeg;base64,${BASE64}`],
    ['no padding', BASE64.replace(/=+$/, '')],
  ])('accepts base64 with %s', async (_, base64) => {
    expect((await post('/v1/captions').send({ media: { base64 } })).status).toBe(200);
    expect(engine.requests[0]?.media[0]).toEqual({ kind: 'image', bytes: IMAGE });
  });

  it.each([
    ['an unknown field', { media: { base64: BASE64 }, x: 1 }, 'UNKNOWN_FIELD', 'x'],
    [
      'an unknown nested field',
      { media: { base64: BASE64, path: '' } },
      'UNKNOWN_FIELD',
      'media.path',
    ],
    ['a text as temperature', { temperature: 'x' }, 'INVALID_PARAMETER', 'temperature'],
    ['a negative max_tokens', { max_tokens: -1 }, 'INVALID_PARAMETER', 'max_tokens'],
    ['an unknown kind', { kind: 'poem' }, 'INVALID_PARAMETER', 'kind'],
    ['36 languages', { languages: Array(36).fill('ca') }, 'INVALID_PARAMETER', 'languages'],
    ['a list as media', { media: [] }, 'INVALID_PARAMETER', 'media'],
  ])('reports the field of %s', async (_, body, code, field) => {
    const reply = await post('/v1/captions').send(body);

    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code, errors: [{ field }] });
    expect(engine.requests).toHaveLength(0);
  });

  it.each([
    ['no image', { languages: ['ca'] }, 400, 'INVALID_REQUEST'],
    [
      'an unknown language',
      { media: { base64: BASE64 }, languages: ['xx'] },
      400,
      'INVALID_PARAMETER',
    ],
    [
      'both base64 and url',
      { media: { base64: BASE64, url: 'http://x.org/' } },
      400,
      'INVALID_REQUEST',
    ],
    ['neither base64 nor url', { media: {} }, 400, 'INVALID_REQUEST'],
    ['media by URL', { media: { url: 'http://x.org/' } }, 422, 'MEDIA_URL_REJECTED'],
    ['broken base64', { media: { base64: 'a?==' } }, 400, 'INVALID_BASE64'],
    ['9 MB of base64', { media: { base64: 'A'.repeat(11_000_000) } }, 413, 'PAYLOAD_TOO_LARGE'],
    ['13 MB of JSON', { x: 'A'.repeat(13_000_000) }, 413, 'PAYLOAD_TOO_LARGE'],
    ['a list', [1], 400, 'INVALID_REQUEST'],
    ['too many values', { languages: Array(6_000).fill('ca') }, 400, 'INVALID_REQUEST'],
  ])('rejects %s', async (_, body, status, code) => {
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
  ])('rejects %s', async (_, type, body, status, code) => {
    const reply = await post('/v1/captions').set('Content-Type', type).send(body);

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
  });

  it.each([
    ['two files', ['file', 'file'], 413, 'TOO_MANY_PARTS'],
    ['a file in another field', ['image'], 400, 'UNKNOWN_FIELD'],
  ])('rejects %s', async (_, names, status, code) => {
    const form = post('/v1/captions');
    for (const name of names) form.attach(name, IMAGE, 'x.png');
    const reply = await form;

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
  });

  it.each([
    [
      1,
      '/v1/captions',
      'This route accepts one file, received at least 2. Send one request per file.',
    ],
    [
      8,
      '/v1/answers',
      'This route accepts at most 8 files, received at least 9. Send several requests.',
    ],
  ])('states the limit of %i files', async (limit, path, detail) => {
    const form = post(path);
    for (let i = 0; i <= limit; i += 1) form.attach('file', IMAGE, 'x.png');
    const reply = await form;

    expect(reply.body).toMatchObject({ status: 413, code: 'TOO_MANY_PARTS', detail });
  });

  it.each([
    ['/v1/captions', { language: 'ca' }, 'Did you mean "languages"?'],
    ['/v1/answers', { languages: ['ca'] }, 'Did you mean "language"?'],
    ['/v1/captions', { kinds: ['alt'] }, 'Did you mean "kind"?'],
    ['/v1/captions', { maxTokens: 9 }, 'Did you mean "max_tokens"?'],
    ['/v1/captions', { media: { ur: '' } }, 'Did you mean "url"?'],
    ['/v1/captions', { x: 9 }, 'GET /docs lists the fields.'],
    ['/v1/captions', { something_else: 9 }, 'GET /docs lists the fields.'],
  ])('suggests the nearest field: %s %j', async (path, body, remedy) => {
    const reply = await post(path).send(body);

    const { code, detail } = reply.body as { code: string; detail: string };
    expect(code).toBe('UNKNOWN_FIELD');
    expect(detail.endsWith(` is not a field of this request. ${remedy}`)).toBe(true);
  });

  it('repeats an invalid value if it is short', async () => {
    const short = await post('/v1/captions').send({ max_tokens: -1 });
    const long = await post('/v1/captions').send({ temperature: '\u0000'.repeat(99) });

    expect(short.body).toMatchObject({
      detail: 'max_tokens must not be less than 1; received -1.',
    });
    expect(long.body).toMatchObject({ detail: 'temperature must be a number.' });
  });

  it('has an instruction of its own for a video', async () => {
    const reply = await post('/v1/captions')
      .attach('file', tinyVideo(), 'image.png')
      .field('kind', 'caption,keywords');

    expect(reply.body).toMatchObject({ media: { kind: 'video', frames: [0, 1] } });
    expect(engine.requests[0]?.media[0]).toMatchObject({
      kind: 'video',
      sampling: { mode: 'uniform', frames: { count: 8 } },
    });
    expect(messagesOf(engine.requests[0]?.conversations[0])[0]?.content).toEqual([
      { type: 'video' },
      { type: 'text', text: 'What happens in the clip? Answer in English.' },
    ]);
  });

  it('reports the field of an unknown language', async () => {
    const reply = await post('/v1/captions').send({ media: { base64: BASE64 }, languages: ['xx'] });

    const { parameters } = reply.body as { parameters: { parameter: string; allowed: string[] } };
    expect(parameters.parameter).toBe('languages');
    expect(parameters.allowed).toHaveLength(35);
  });

  it.each([
    ['Accept', { media: { base64: BASE64 } }, 'text/event-stream'],
    ['its body', { media: { base64: BASE64 }, stream: true }, '*/*'],
  ])('streams if requested by %s', async (_, body, accept) => {
    const reply = await post('/v1/captions').set('Accept', accept).send(body);

    expect(reply.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = readEvents(reply.text);
    expect(events.map(({ event }) => event)).toEqual([
      ...['media', 'text-delta', 'text-delta', 'caption', 'usage', 'done'],
    ]);
    expect(events[0]?.data).toMatchObject({ model: 'fake', media: { kind: 'image', tiles: 5 } });
    expect(events[2]?.data).toEqual({ language: 'en', kind: 'caption', text: '0' });
    expect(events[3]?.data).toMatchObject({ language: 'en', kind: 'caption', text: 'answer 0' });
    expect(events[4]?.data).toMatchObject({ prompt_tokens: 210, completion_tokens: 3 });
    expect(events[5]?.data).toMatchObject({ timings: { total_ms: 15 } });
  });

  it('sends an HTTP status for an error before the first event of a stream', async () => {
    engine.failure = new SalamandraError('QUEUE_FULL', 'Too many.');
    const reply = await post('/v1/captions').send({ media: { base64: BASE64 }, stream: true });

    expect(reply.status).toBe(503);
    expect(reply.type).toBe('application/problem+json');
    expect(reply.body).toMatchObject({ code: 'QUEUE_FULL' });
  });

  it('cancels the request of a client that disconnects', async () => {
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
