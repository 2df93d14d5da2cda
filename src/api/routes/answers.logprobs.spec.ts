import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { readEvents } from '../../../test/http/read-events.js';
import { ANSWER, DELTAS, DONE, MEDIA, play } from '../../../test/fakes/scripted-engine.js';
import { createApp } from '../server.js';

const SENT = [
  { text: 'Bon', logprob: -0.5, top: [{ text: 'Bon', logprob: -0.5 }] },
  { text: ' dia', logprob: -0.25, top: [{ text: ' dia', logprob: -0.25 }] },
  { text: '', logprob: -0.125, top: [{ text: '', logprob: -0.125 }] },
];

let engine: FakeEngine;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  play(engine, MEDIA, ...DELTAS, ANSWER, DONE);
  app = await createApp(engine);
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const post = (path: string) => request(app.getHttpServer()).post(path);

it('returns log-probabilities for requests in JSON and as a form', async () => {
  const json = await post('/v1/answers').send({ question: '?', top_logprobs: 1 });
  const form = await post('/v1/answers').field('question', '?').field('top_logprobs', '0');

  expect(engine.requests.map(({ settings }) => settings.topLogprobs)).toEqual([1, 0]);
  for (const { body } of [json, form]) {
    expect(body).toMatchObject({ answers: [{ text: 'Bon dia', tokens: SENT }] });
  }
});

it('streams them with each delta, and all of them with the answer', async () => {
  const reply = await post('/v1/answers').send({
    question: '?',
    top_logprobs: 1,
    stream: true,
  });

  expect(readEvents(reply.text).slice(1, 4)).toMatchObject([
    { event: 'text-delta', data: { text: 'Bon', tokens: SENT.slice(0, 1) } },
    { event: 'text-delta', data: { text: ' dia', tokens: SENT.slice(1, 2) } },
    { event: 'answer', data: { tokens: SENT } },
  ]);
});

it('sends -9999 for probability 0', async () => {
  const [token] = ANSWER.tokens ?? [];
  const impossible = { ...token!, logprob: -Infinity };
  play(engine, MEDIA, { ...ANSWER, tokens: [impossible] }, DONE);
  const reply = await post('/v1/answers').send({ question: '?', top_logprobs: 1 });

  expect(reply.body).toMatchObject({ answers: [{ tokens: [{ logprob: -9999 }] }] });
});

it('documents log-probabilities', async () => {
  const reply = await request(app.getHttpServer()).get('/openapi.json');

  expect((reply.body as { components: unknown }).components).toMatchObject({
    schemas: {
      AnswersRequestDto: { properties: { top_logprobs: { minimum: 0, maximum: 20 } } },
      AnswerDto: {
        properties: { tokens: { items: { $ref: '#/components/schemas/TokenLogprobDto' } } },
      },
      TokenLogprobDto: { required: ['text', 'logprob', 'top'] },
    },
  });
});

it('limits the log-probabilities of a JSON response, but not of a stream', async () => {
  const body = { question: '?', max_tokens: 4096, top_logprobs: 20 };
  const questions = Array.from({ length: 6 }, (_, id) => ({ id: `${id}`, text: '?' }));
  const several = { ...body, question: undefined, questions };

  expect((await post('/v1/answers').send(body)).status).toBe(200);
  expect((await post('/v1/answers').send(several)).body).toMatchObject({
    status: 400,
    code: 'INVALID_PARAMETER',
    parameters: { parameter: 'top_logprobs', logprobs: 516_096 },
  });
  expect((await post('/v1/answers').send({ ...several, stream: true })).status).toBe(200);
});

it('computes none by default', async () => {
  await post('/v1/answers').send({ question: '?' });

  expect(engine.requests[0]?.settings).not.toHaveProperty('topLogprobs');
});
