import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import {
  createFakeEngine,
  type FakeEngine,
  messagesOf,
  SAMPLING_MODEL,
} from '../../../test/fakes/fake-engine.js';
import { readEvents } from '../../../test/http/read-events.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
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

describe('POST /v1/answers', () => {
  it('returns the ids of the questions', async () => {
    const reply = await post('/v1/answers')
      .attach('file', IMAGE, 'x.png')
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

  it('samples as the checkpoint does, unless the request sets a temperature', async () => {
    engine.nextStatus = { state: 'ready', model: SAMPLING_MODEL };
    await post('/v1/answers').send({ question: 'Why?' });
    await post('/v1/answers').send({ question: 'Why?', temperature: 0 });

    expect(engine.requests.map(({ settings }) => settings.temperature)).toEqual([0.6, 0]);
  });

  it('passes images and videos in the order of the form', async () => {
    const reply = await post('/v1/answers')
      .attach('file', IMAGE, 'x.png')
      .attach('file', tinyVideo(), 'x.jpg')
      .attach('file', IMAGE, 'y.png')
      .field('question', 'Què canvia?')
      .field('fps', '0.5')
      .field('start', '2')
      .field('sampling', 'scene');

    expect(reply.status).toBe(200);
    expect((reply.body as { media: object[] }).media).toMatchObject([
      { kind: 'image', width: 30, tiles: 5, detail: 'auto' },
      { kind: 'video', duration_seconds: 60, frames: [2, 3], frames_requested: 8 },
      { kind: 'image' },
    ]);
    expect(engine.requests[0]?.media).toMatchObject([
      { kind: 'image' },
      {
        kind: 'video',
        sampling: {
          mode: 'scene',
          frames: { perSecond: 0.5 },
          range: { startSeconds: 2, endSeconds: null },
        },
      },
      { kind: 'image' },
    ]);
    const [message] = messagesOf(engine.requests[0]?.conversations[0]);
    expect(message?.content.map(({ type }) => type)).toEqual(['image', 'video', 'image', 'text']);
  });

  it('accepts one medium, a list of media, and none in JSON', async () => {
    const one = await post('/v1/answers').send({ media: { base64: BASE64 }, question: '?' });
    const two = await post('/v1/answers').send({
      media: [{ base64: BASE64 }, { base64: BASE64 }],
      question: '?',
    });
    const none = await post('/v1/answers').send({ question: '?' });

    const counts = [one, two, none].map(({ body }) => (body as { media: object[] }).media.length);
    expect(counts).toEqual([1, 2, 0]);
  });

  it('continues a history whose first turn has the media', async () => {
    const history = [
      { role: 'user', text: 'Què hi ha?' },
      { role: 'assistant', text: 'Un gos.' },
    ];
    const reply = await post('/v1/answers')
      .attach('file', IMAGE, 'x.png')
      .field('history', JSON.stringify(history))
      .field('question', 'On?')
      .field('language', 'ca');

    expect(reply.status).toBe(200);
    expect(engine.requests[0]?.conversations).toEqual([
      [
        {
          role: 'user',
          content: [{ type: 'image' }, { type: 'text', text: 'Què hi ha? Respon en català.' }],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'Un gos.' }] },
        { role: 'user', content: [{ type: 'text', text: 'On? Respon en català.' }] },
      ],
    ]);
  });

  it('streams the answers under their ids', async () => {
    const reply = await post('/v1/answers').send({
      media: { base64: BASE64 },
      questions: [
        { id: 'a', text: '?' },
        { id: 'b', text: '?' },
      ],
      stream: true,
    });

    const events = readEvents(reply.text);
    expect(events.map(({ event }) => event)).toEqual([
      ...['media', 'text-delta', 'text-delta', 'answer', 'text-delta', 'text-delta', 'answer'],
      ...['usage', 'done'],
    ]);
    expect(events[0]?.data).toMatchObject({
      id: expect.stringMatching(/^ans_/) as string,
      media: [{ kind: 'image' }],
    });
    expect(events[4]?.data).toEqual({ id: 'b', language: 'en', text: 'answer ' });
    expect(events[6]?.data).toMatchObject({ id: 'b', text: 'answer 1', finish_reason: 'stop' });
  });

  const turn = { role: 'user', text: 'x' };
  it.each([
    ['a history that ends with a user turn', { history: [turn] }, 'history'],
    [
      'a history that starts with an assistant turn',
      { history: [{ ...turn, role: 'assistant' }, turn] },
      'history',
    ],
    ['a system turn', { history: [{ role: 'system', text: 'x' }] }, 'history.0.role'],
    ['nine of the media', { media: Array(9).fill({ base64: BASE64 }) }, 'media'],
    ['a text as media', { media: 'x' }, 'media'],
    ['an unknown language', { language: 'xx' }, 'language'],
    ['top_logprobs of 21', { top_logprobs: 21 }, 'top_logprobs'],
    ['top_logprobs of 0.5', { top_logprobs: 0.5 }, 'top_logprobs'],
  ])('rejects %s with the field', async (_, body, field) => {
    const reply = await post('/v1/answers').send({ question: '?', ...body });

    expect(reply.status).toBe(400);
    const { errors, parameters } = reply.body as {
      errors?: { field: string }[];
      parameters?: { parameter: string };
    };
    expect(errors?.[0]?.field ?? parameters?.parameter).toBe(field);
  });

  it.each([
    ['no question', {}, 'INVALID_REQUEST'],
    [
      'both question and questions',
      { question: 'x', questions: [{ id: '1', text: 'x' }] },
      'INVALID_REQUEST',
    ],
    ['an empty question', { question: '' }, 'INVALID_PARAMETER'],
    ['a question of 33 kB', { question: 'à'.repeat(16_500) }, 'INVALID_PARAMETER'],
    ['33 questions', { questions: Array(33).fill({ id: '1', text: 'x' }) }, 'INVALID_PARAMETER'],
  ])('rejects %s', async (_, body, code) => {
    const reply = await post('/v1/answers').send({ media: { base64: BASE64 }, ...body });

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([400, code]);
  });
});
