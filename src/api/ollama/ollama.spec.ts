import type { NestExpressApplication } from '@nestjs/platform-express';
import { Ollama } from 'ollama';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { ANSWER, DELTAS, DONE, MEDIA, play } from '../../../test/fakes/scripted-engine.js';
import { listenForOpenAi } from '../../../test/http/openai-client.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

const HELLO = [{ role: 'user', content: 'Hello' }];

let engine: FakeEngine;
let app: NestExpressApplication;
let host: string;
let client: Ollama;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  host = new URL(await listenForOpenAi(app)).origin;
  client = new Ollama({ host });
});

afterEach(() => app.close());

async function post(path: string, body: object) {
  const headers = { 'Content-Type': 'application/json' };
  const reply = await fetch(host + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return [reply.status, await reply.json()] as const;
}

it('lists and describes the model', async () => {
  expect((await client.list()).models).toMatchObject([
    { name: 'fake:latest', model: 'fake:latest', details: { quantization_level: 'int8' } },
  ]);
  expect((await client.ps()).models).toMatchObject([{ name: 'fake:latest', size_vram: 0 }]);
  expect(await client.show({ model: 'fake' })).toMatchObject({
    capabilities: ['completion', 'vision'],
  });
  expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+/);
});

it('answers a chat with an image and options', async () => {
  const reply = await client.chat({
    model: 'fake:latest',
    messages: [{ role: 'user', content: 'What is it?', images: [Uint8Array.of(0, 1, 2)] }],
    options: { num_predict: 9, temperature: 0.5, top_k: 4, repeat_penalty: 1.1, num_ctx: 8192 },
    keep_alive: '5m',
  });

  expect(reply).toMatchObject({
    ...{ model: 'fake:latest', message: { role: 'assistant', content: 'answer 0' }, done: true },
    ...{ done_reason: 'stop', prompt_eval_count: 210, eval_count: 3, total_duration: 15e6 },
    ...{ load_duration: 0, prompt_eval_duration: 7e6, eval_duration: 5e6 },
  });
  expect(engine.requests).toMatchObject([
    {
      media: [{ kind: 'image', bytes: Buffer.from([0, 1, 2]) }],
      settings: { maxTokens: 9, temperature: 0.5, topK: 4, repetitionPenalty: 1.1 },
    },
  ]);
});

it('streams a chat', async () => {
  play(engine, MEDIA, ...DELTAS, { ...ANSWER, finishReason: 'length' }, DONE);
  const pieces = [];
  const stream = await client.chat({ model: 'fake', messages: HELLO, stream: true });
  for await (const piece of stream) pieces.push(piece);

  expect(pieces.map(({ message }) => message.content)).toEqual(['Bon', ' dia', '']);
  expect(pieces.at(-1)).toMatchObject({ done: true, done_reason: 'length', eval_count: 3 });
});

it('streams lines of JSON unless the request forbids it', async () => {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ model: 'fake', prompt: 'Hello' });
  const reply = await fetch(`${host}/api/generate`, { method: 'POST', headers, body });

  expect(reply.headers.get('Content-Type')).toBe('application/x-ndjson');
  const lines = (await reply.text()).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { response: string }).response)).toEqual([
    ...['answer ', '0', ''],
  ]);
});

it('generates JSON of a schema', async () => {
  const format = { type: 'object', properties: { a: { type: 'string' } } };
  const request = { model: 'fake', system: 'Be brief.', prompt: 'Hello', format, stream: false };

  expect(await client.generate({ ...request, stream: false })).toMatchObject({
    response: 'answer 0',
    done: true,
  });
  expect(engine.requests).toMatchObject([
    {
      conversations: [[{ role: 'system' }, { role: 'user' }]],
      settings: { maxTokens: 256, answerFormat: { kind: 'json-schema', schema: format } },
    },
  ]);
});

it('takes a request without a prompt as a request to load the model', async () => {
  expect(await post('/api/generate', { model: 'fake', keep_alive: -1 })).toMatchObject([
    200,
    { response: '', done: true, done_reason: 'load' },
  ]);
  expect(engine.requests).toEqual([]);
});

it.each([
  ['another model', { model: 'llava' }, 404, /not loaded/],
  ['tools', { model: 'fake', tools: [{}], messages: HELLO }, 400, /^tools is not supported/],
  ['an option', { model: 'fake', options: { mirostat: 2 } }, 400, /^options\.mirostat/],
  ['a limit of 0', { model: 'fake', options: { num_predict: 0 } }, 400, /^options\.num_predict/],
  ['a format', { model: 'fake', format: 'xml' }, 400, /^format must be/],
  [
    'an image',
    { model: 'fake', messages: [{ role: 'user', content: '', images: ['http://a/b'] }] },
    ...([400, /messages\[0\]\.images\[0\]/] as const),
  ],
])('refuses %s', async (_, body, status, message) => {
  expect(await post('/api/chat', body)).toEqual([
    status,
    { error: expect.stringMatching(message) as string },
  ]);
});

it('reports errors in the form of Ollama', async () => {
  engine.failure = new SalamandraError('MEDIA_CORRUPT', 'Damaged.');
  expect(await post('/api/chat', { model: 'fake', messages: HELLO })).toEqual([
    422,
    { error: 'Damaged.' },
  ]);
  expect(await post('/api/pull', { model: 'fake' })).toMatchObject([
    404,
    { error: expect.stringContaining('Unknown path') as string },
  ]);
});
