import type { NestExpressApplication } from '@nestjs/platform-express';
import OpenAI from 'openai';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { poll } from '../../../test/setup/poll.js';
import { createOpenAiClient, listenForOpenAi } from '../../../test/http/openai-client.js';
import { ANSWER, DELTAS, DONE, MEDIA, play } from '../../../test/fakes/scripted-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

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

async function readStream(fields: object = {}) {
  const stream = client.chat.completions.create({
    model: MODEL,
    messages: HELLO,
    stream: true,
    ...fields,
  });
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

async function failure(run: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error: unknown = await run.catch((thrown: unknown) => thrown);
  if (error instanceof OpenAI.APIError) return error;
  throw new Error('It did not fail as an API does.', { cause: error });
}

describe('a stream', () => {
  it('starts with the role and ends with the finish reason', async () => {
    play(engine, MEDIA, ...DELTAS, ANSWER, DONE);
    const chunks = await readStream();

    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'Bon' },
      { content: ' dia' },
      {},
    ]);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([
      null,
      null,
      null,
      'stop',
    ]);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', model: 'fake' });
    expect(chunks[0]).not.toHaveProperty('usage');
    expect(chunks.at(-1)).toMatchObject({ x_salamandra: { timings: { total_ms: 9 } } });
  });

  it('has usage and log-probabilities if requested', async () => {
    play(engine, MEDIA, ...DELTAS, ANSWER, DONE);
    const chunks = await readStream({ logprobs: true, stream_options: { include_usage: true } });
    const tokens = chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);

    expect(tokens.map(({ token }) => token)).toEqual(['Bon', ' dia', '']);
    expect(chunks.map(({ usage }) => usage?.total_tokens)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      15,
    ]);
    expect(chunks[0]).toHaveProperty('usage', null);
    expect(chunks.at(-1)?.choices).toEqual([]);
  });

  it('consists of server-sent events and ends with [DONE]', async () => {
    play(engine, MEDIA, DELTAS[0]!, ANSWER, DONE);
    const body = JSON.stringify({ model: MODEL, messages: HELLO, stream: true });
    const headers = { 'Content-Type': 'application/json' };
    const reply = await fetch(`${url}/chat/completions`, { method: 'POST', headers, body });

    expect(reply.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
    expect(await reply.text()).toMatch(/^data: \{"object".*\n\n[^]*\n\ndata: \[DONE\]\n\n$/);
  });

  it('stops the engine when the client disconnects', async () => {
    const state = play(engine, MEDIA, DELTAS[0]!, 'hang');
    const stream = await client.chat.completions.create({
      model: MODEL,
      messages: HELLO,
      stream: true,
    });
    for await (const { choices } of stream) if (choices[0]?.delta.content === 'Bon') break;

    expect(await poll(() => state.isOver || undefined)).toBe(true);
  });

  it('ends with the error of the engine', async () => {
    play(
      engine,
      MEDIA,
      DELTAS[0]!,
      new SalamandraError('DEADLINE_EXCEEDED', 'The request took too long.'),
    );
    const error = await failure(readStream());

    expect(error).toMatchObject({
      message: 'The request took too long.',
      type: 'server_error',
      code: 'deadline_exceeded',
    });
  });

  it('hides the text of unexpected exceptions', async () => {
    app.useLogger(false);
    play(engine, MEDIA, DELTAS[0]!, new TypeError('/secret/path'));

    expect(await failure(readStream())).toMatchObject({
      message: 'Internal error.',
      code: 'internal',
    });
  });

  it('has an HTTP status if the engine fails before the first event', async () => {
    const details = { context_length: 1024, text_tokens: 2000 };
    play(engine, new SalamandraError('CONTEXT_LENGTH_EXCEEDED', 'It is too long.', { details }));
    const error = await failure(readStream());

    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({
      code: 'context_length_exceeded',
      message: '400 It is too long. (context_length: 1024; text_tokens: 2000)',
    });
  });
});
