import type { NestExpressApplication } from '@nestjs/platform-express';
import OpenAI from 'openai';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createOpenAiClient, listenForOpenAi } from '../../../test/http/openai-client.js';
import { ANSWER, DONE, MEDIA, play } from '../../../test/fakes/scripted-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

const IMAGE = 'data:image/png;base64,AAEC';
const MODEL = 'fake';
const HELLO = [{ role: 'user' as const, content: 'Hello' }];

let engine: FakeEngine;
let app: NestExpressApplication;
let client: OpenAI;
let url: string;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  url = await listenForOpenAi(app);
  client = createOpenAiClient(url);
});

afterEach(() => app.close());

const create = (fields: object = {}) =>
  client.chat.completions.create({ model: MODEL, messages: HELLO, ...fields });

async function failure(run: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  if (error instanceof OpenAI.APIError) return error;
  throw new Error('It did not fail as an API does.', { cause: error });
}

describe('a JSON response', () => {
  it("has the fields of OpenAI's API", async () => {
    play(engine, MEDIA, ANSWER, DONE);
    const completion = await create();

    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'fake',
      system_fingerprint: 'fp_000000000000_int8',
      usage: {
        prompt_tokens: 12,
        completion_tokens: 3,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 2, image_tokens: 0 },
      },
      x_salamandra: { finish_reason: 'stop', media: [], timings: { total_ms: 9 } },
    });
    expect(completion.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/);
    expect(completion.created).toBeGreaterThan(1.7e9);
    expect(completion.choices).toHaveLength(1);
    expect(completion.choices[0]).toMatchObject({
      index: 0,
      message: { role: 'assistant', content: 'Bon dia', refusal: null },
      finish_reason: 'stop',
    });
  });

  it.each([
    ['checks the language of an answer in words', undefined, { result: 'unknown' }],
    ['does not check the language of JSON', { type: 'json_object' }, null],
  ])('%s', async (_, response_format, language_check) => {
    play(engine, MEDIA, ANSWER, DONE);
    const completion = await create({ language: 'ca', response_format });

    expect(completion).toMatchObject({ x_salamandra: { language: 'ca', language_check } });
  });

  it('passes the images of every turn', async () => {
    const completion = await create({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: IMAGE, detail: 'high' } },
            { type: 'text', text: 'What is it?' },
          ],
        },
        { role: 'assistant', content: 'A fox.' },
        { role: 'user', content: 'And where?' },
      ],
      seed: 3,
    });

    expect(engine.requests).toMatchObject([
      {
        media: [{ kind: 'image', bytes: Buffer.from([0, 1, 2]) }],
        detail: 'high',
        conversations: [
          [
            { role: 'system' },
            { role: 'user', content: [{ type: 'image' }, { text: 'What is it?' }] },
            { role: 'assistant' },
            { role: 'user', content: [{ type: 'text', text: 'And where?' }] },
          ],
        ],
        settings: { seed: 3 },
      },
    ]);
    expect(completion).toMatchObject({
      usage: { prompt_tokens_details: { image_tokens: 199 } },
      x_salamandra: { media: [{ width: 30, height: 20, tiles: 5, visual_tokens: 199 }] },
    });
  });

  it('takes the schemas of many tools that must not be called', async () => {
    const level = (depth: number): object =>
      depth === 0
        ? { type: 'string' }
        : { type: 'array', items: { type: 'object', properties: { inner: level(depth - 1) } } };
    const tools = Array.from({ length: 40 }, (_, i) => ({
      type: 'function' as const,
      function: { name: `tool_${i}`, parameters: { type: 'object', properties: { a: level(8) } } },
    }));
    const completion = await create({ tools, tool_choice: 'none' });

    expect(completion.choices[0]?.message.content).toBe('answer 0');
  });

  it('has the log-probabilities', async () => {
    play(engine, MEDIA, ANSWER, DONE);
    const { choices } = await create({ logprobs: true, top_logprobs: 1 });

    expect(choices[0]?.logprobs?.content?.map(({ token, logprob }) => [token, logprob])).toEqual([
      ['Bon', -0.5],
      [' dia', -0.25],
      ['', -0.125],
    ]);
    expect(choices[0]?.logprobs?.content?.[0]).toMatchObject({
      bytes: [66, 111, 110],
      top_logprobs: [{ token: 'Bon', bytes: [66, 111, 110], logprob: -0.5 }],
    });
  });

  it.each([
    ['length', 'length'],
    ['repetition', 'stop'],
  ] as const)('maps the finish reason %s to %s', async (finishReason, expected) => {
    play(engine, MEDIA, { ...ANSWER, finishReason }, DONE);
    const completion = await create();

    expect(completion.choices[0]?.finish_reason).toBe(expected);
    expect(completion).toMatchObject({ x_salamandra: { finish_reason: finishReason } });
  });
});

describe('errors', () => {
  it.each([
    ['n: 2', { n: 2 }, OpenAI.BadRequestError, 'n', 'invalid_parameter'],
    ['another model', { model: 'gpt-4o' }, OpenAI.NotFoundError, 'model', 'model_not_found'],
    [
      'a part of an unknown type',
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      OpenAI.BadRequestError,
      'messages[0].content[0].type',
      'invalid_parameter',
    ],
  ])('have the parameter: %s', async (_, fields, type, param, code) => {
    const error = await failure(create(fields));

    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ type: 'invalid_request_error', param, code });
    expect(error.requestID).toMatch(/^[\w-]{36}$/);
  });

  it('have the media codes', async () => {
    engine.failure = new SalamandraError('MEDIA_CORRUPT', 'Damaged.');
    const error = await failure(create());

    expect(error).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect(error).toMatchObject({ status: 422, code: 'media_corrupt', param: null });
  });

  it('report that media URLs are disabled', async () => {
    const content = [{ type: 'image_url', image_url: { url: 'http://example.com/a.png' } }];
    const error = await failure(create({ messages: [{ role: 'user', content }] }));

    expect(error).toMatchObject({ status: 422, code: 'media_url_rejected' });
  });

  it('report that the model is loading before they check the body', async () => {
    engine.nextStatus = { state: 'loading', progress: { step: 'verifying' } };
    const error = await failure(create({ n: 2 }));

    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 503, type: 'server_error', code: 'model_not_ready' });
    expect(error.headers?.get('Retry-After')).toBe('5');
  });

  it.each([
    ['GET', '/chat/completions', undefined, 405, 'method_not_allowed'],
    ['GET', '/chat/nothing', undefined, 404, 'not_found'],
    ['POST', '/chat/completions', '{', 400, 'invalid_json'],
    ['POST', '/chat/completions', '[]', 400, 'invalid_request'],
    ['POST', '/chat/completions', '{"a":{"__proto__":1}}', 400, 'unknown_field'],
  ])('%s %s %j is %i', async (method, path, body, status, code) => {
    const headers = { 'Content-Type': 'application/json' };
    const reply = await fetch(url + path, { method, headers, ...(body && { body }) });

    expect([reply.status, reply.headers.get('Content-Type')]).toEqual([
      status,
      'application/json; charset=utf-8',
    ]);
    expect(await reply.json()).toMatchObject({
      error: { type: 'invalid_request_error', param: null, code },
    });
  });

  it('report a wrong Content-Type', async () => {
    const reply = await fetch(`${url}/chat/completions`, { method: 'POST', body: 'x' });

    expect(reply.status).toBe(415);
    expect(await reply.json()).toMatchObject({ error: { code: 'unsupported_media_type' } });
  });
});
