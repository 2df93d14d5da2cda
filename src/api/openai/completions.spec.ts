import type { NestExpressApplication } from '@nestjs/platform-express';
import OpenAI from 'openai';

import { createFakeEngine, FAKE_MODEL, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createOpenAiClient, listenForOpenAi } from '../../../test/http/openai-client.js';
import { ANSWER, DELTAS, DONE, MEDIA, play } from '../../../test/fakes/scripted-engine.js';
import type { EngineRequest } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

let engine: FakeEngine;
let app: NestExpressApplication;
let client: OpenAI;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  client = createOpenAiClient(await listenForOpenAi(app));
});

afterEach(() => app.close());

const create = (fields: object = {}) =>
  client.completions.create({ model: 'fake', prompt: 'Bon dia', ...fields, stream: false });

async function stream(fields: object = {}) {
  const chunks = [];
  const options = { model: 'fake', prompt: 'Bon dia', ...fields, stream: true } as const;
  for await (const chunk of await client.completions.create(options)) chunks.push(chunk);
  return chunks;
}

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
      object: 'text_completion',
      model: 'fake',
      system_fingerprint: 'fp_000000000000_int8',
      choices: [
        {
          text: 'Bon dia',
          index: 0,
          finish_reason: 'stop',
          x_salamandra: { finish_reason: 'stop', timings: { prefill_ms: 4, decode_ms: 5 } },
        },
      ],
      usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
    });
    expect(completion.id).toMatch(/^cmpl-[0-9a-f]{32}$/);
    expect(completion.created).toBeGreaterThan(1.7e9);
  });

  it('passes the prompt unchanged, with 16 tokens by default', async () => {
    await create({ prompt: ' <s>{{a}}\n', seed: 3, temperature: 0.5, stop: ['\n'] });

    expect(engine.requests).toMatchObject([
      {
        media: [],
        conversations: [{ rawText: ' <s>{{a}}\n' }],
        settings: { maxTokens: 16, seed: 3, temperature: 0.5, stop: ['\n'] },
      },
    ]);
    expect(engine.requests[0]?.settings).not.toHaveProperty('topLogprobs');
  });

  it("passes vLLM's extensions, and reports the reason of the stop", async () => {
    play(engine, MEDIA, { ...ANSWER, stopReason: 7 }, DONE);
    const { choices } = await create({ top_k: 3, stop_token_ids: [7], ignore_eos: true });

    const [{ settings }] = engine.requests as [EngineRequest];
    expect(settings).toMatchObject({ topK: 3, stopTokenIds: [7], endOfText: 'ignore' });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: 7 });
  });

  it('has one choice per prompt and the usage of all', async () => {
    const { choices, usage } = await create({ prompt: ['a', 'b', ''], max_tokens: 7 });

    expect(choices.map(({ index, text }) => [index, text])).toEqual([
      [0, 'answer 0'],
      [1, 'answer 1'],
      [2, 'answer 2'],
    ]);
    expect(usage).toMatchObject({ prompt_tokens: 33, completion_tokens: 9, total_tokens: 42 });
    expect(engine.requests[0]?.settings.maxTokens).toBe(7);
  });

  it('has the log-probabilities in the form of this endpoint', async () => {
    const bytes = [0xe2, 0x82, 0xac].map((byte) => {
      const ranked = { id: byte, text: '\ufffd', bytes: [byte], logprob: -1 };
      return { ...ranked, top: [ranked, { id: 5, text: 'b', bytes: [98], logprob: -Infinity }] };
    });
    play(engine, MEDIA, { ...ANSWER, tokens: [...ANSWER.tokens!, ...bytes] }, DONE);
    const { choices } = await create({ logprobs: 2 });

    expect(engine.requests[0]?.settings.topLogprobs).toBe(2);
    expect(choices[0]?.logprobs).toEqual({
      tokens: ['Bon', ' dia', '', 'bytes:\\xe2', 'bytes:\\x82', 'bytes:\\xac'],
      token_logprobs: [-0.5, -0.25, -0.125, -1, -1, -1],
      top_logprobs: [
        { Bon: -0.5 },
        { ' dia': -0.25 },
        { '': -0.125 },
        { 'bytes:\\xe2': -1, b: -9999 },
        { 'bytes:\\x82': -1, b: -9999 },
        { 'bytes:\\xac': -1, b: -9999 },
      ],
      text_offset: [0, 3, 7, 7, 7, 7],
    });
  });

  it.each([
    [[3, 4], [{ tokenIds: [3, 4] }]],
    [
      [[3, 4], [5]],
      [{ tokenIds: [3, 4] }, { tokenIds: [5] }],
    ],
    [
      ['a', 'b'],
      [{ rawText: 'a' }, { rawText: 'b' }],
    ],
  ])('accepts the prompts %j', async (prompt, conversations) => {
    await create({ prompt });

    expect(engine.requests[0]?.conversations).toEqual(conversations);
    expect(engine.requests[0]).not.toHaveProperty('echo');
  });

  it('begins with the prompt and its log-probabilities', async () => {
    const ranked = { id: 4, text: ' gos', bytes: [...Buffer.from(' gos')], logprob: -2 };
    const prompt = {
      text: 'Un gos',
      tokens: [
        { id: 3, text: 'Un', bytes: [...Buffer.from('Un')], logprob: null, top: [] },
        { ...ranked, top: [{ id: 9, text: ' gat', bytes: [32], logprob: -1 }] },
      ],
    };
    play(engine, MEDIA, { ...ANSWER, text: '', tokens: [], prompt }, DONE);
    const { choices } = await create({ prompt: [3, 4], echo: true, logprobs: 1, max_tokens: 0 });

    expect(engine.requests[0]).toMatchObject({ echo: 'logprobs', settings: { maxTokens: 0 } });
    expect(choices[0]).toMatchObject({
      text: 'Un gos',
      logprobs: {
        tokens: ['Un', ' gos'],
        token_logprobs: [null, -2],
        text_offset: [0, 2],
      },
    });
    expect(choices[0]?.logprobs?.top_logprobs).toEqual([null, { ' gat': -1 }]);
  });

  it('repeats a prompt without log-probabilities', async () => {
    await create({ echo: true });

    expect(engine.requests[0]).toMatchObject({ echo: 'tokens', settings: { maxTokens: 16 } });
  });

  it('does not repeat prompts in a stream', async () => {
    const run = client.completions.create({ model: 'fake', prompt: 'a', echo: true, stream: true });

    expect(await failure(run)).toMatchObject({ status: 400, param: 'echo' });
  });

  it('does not need a chat template', async () => {
    engine.nextStatus = { state: 'ready', model: { ...FAKE_MODEL, prompts: 'raw' } };

    expect((await create()).choices[0]?.text).toBe('answer 0');
  });
});

describe('a stream', () => {
  it("has OpenAI's chunks", async () => {
    play(engine, MEDIA, ...DELTAS, ANSWER, DONE);
    const chunks = await stream({ stream_options: { include_usage: true }, logprobs: 0 });

    expect(chunks.map(({ object }) => object)).toEqual(new Array(4).fill('text_completion'));
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.flatMap(({ choices }) => choices)).toMatchObject([
      { text: 'Bon', index: 0, finish_reason: null, logprobs: { text_offset: [0] } },
      { text: ' dia', index: 0, finish_reason: null, logprobs: { text_offset: [3] } },
      {
        text: '',
        finish_reason: 'stop',
        logprobs: { tokens: [''], text_offset: [7] },
        x_salamandra: { finish_reason: 'stop' },
      },
    ]);
    expect(chunks.map(({ usage }) => usage)).toMatchObject([
      null,
      null,
      null,
      { prompt_tokens: 12, completion_tokens: 3 },
    ]);
  });

  it('streams several choices', async () => {
    const chunks = await stream({ prompt: ['a', 'b'] });

    expect(
      chunks
        .flatMap(({ choices }) => choices)
        .map((one) => [one.index, one.text, one.finish_reason]),
    ).toEqual([
      [0, 'answer ', null],
      [0, '0', null],
      [0, '', 'stop'],
      [1, 'answer ', null],
      [1, '1', null],
      [1, '', 'stop'],
    ]);
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('ends with the error of the engine', async () => {
    play(engine, MEDIA, DELTAS[0]!, new SalamandraError('DEADLINE_EXCEEDED', 'Too long.'));

    await expect(stream()).rejects.toThrow(/Too long/);
  });
});

describe('an invalid request', () => {
  it.each<[object, string]>([
    [{ prompt: null }, 'prompt'],
    [{ prompt: [] }, 'prompt'],
    [{ prompt: [[]] }, 'prompt'],
    [{ prompt: [1, 'a'] }, 'prompt'],
    [{ prompt: [1, 1600] }, 'prompt'],
    [{ prompt: [[1, -1]] }, 'prompt'],
    [{ prompt: [[1, 0.5]] }, 'prompt'],
    [{ prompt: [1], receipts: true }, 'receipts'],
    [{ prompt: new Array(33).fill('a') }, 'prompt'],
    [{ prompt: 'é'.repeat(16_385) }, 'prompt'],
    [{ n: 2 }, 'n'],
    [{ best_of: 3 }, 'best_of'],
    [{ echo: 1 }, 'echo'],
    [{ suffix: 'end' }, 'suffix'],
    [{ add_special_tokens: false }, 'add_special_tokens'],
    [{ min_tokens: 17 }, 'min_tokens'],
    [{ guided_regex: 'a+' }, 'guided_regex'],
    [{ logprobs: 21 }, 'logprobs'],
    [{ logprobs: true }, 'logprobs'],
    [{ prompt: new Array(32).fill('a'), max_tokens: 4096, logprobs: 20 }, 'logprobs'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ stop: [''] }, 'stop'],
    [{ stream_options: { include_usage: true } }, 'stream_options'],
  ])('%j is rejected because of %s', async (fields, param) => {
    const error = await failure(create(fields));

    expect(error.status).toBe(400);
    expect(error).toMatchObject({ code: 'invalid_parameter', param });
    expect(engine.requests).toEqual([]);
  });

  it.each([[{ echo: false, suffix: '', best_of: 1, n: 1 }], [{ echo: null, user: 'somebody' }]])(
    'does not include neutral values: %j',
    async (fields) => {
      expect((await create(fields)).choices).toHaveLength(1);
    },
  );

  it('is one for another model', async () => {
    const error = await failure(create({ model: 'gpt-3.5-turbo-instruct' }));

    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });

  it("has an error in OpenAI's form if it is rejected before its body", async () => {
    engine.nextStatus = { state: 'loading', progress: { step: 'loading' } };

    expect(await failure(create())).toMatchObject({ status: 503, code: 'model_not_ready' });
    const form = await fetch(`${client.baseURL}/completions`, { method: 'POST', body: 'a=b' });
    expect(((await form.json()) as { error: object }).error).toMatchObject({
      type: 'server_error',
    });
  });
});
