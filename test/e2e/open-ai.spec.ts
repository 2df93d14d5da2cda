import { jest } from '@jest/globals';
import OpenAI from 'openai';

import { createOpenAiClient } from '../http/openai-client.js';
import { drawImage } from './draw-image.js';
import { type Service, startService } from './service.js';

jest.setTimeout(300_000);

type Message = OpenAI.ChatCompletionMessageParam;

let service: Service;
let client: OpenAI;
let picture: OpenAI.ChatCompletionContentPart;
let damaged: OpenAI.ChatCompletionContentPart;

beforeAll(async () => {
  service = await startService();
  await service.waitUntilReady();
  client = createOpenAiClient(`${service.url}/v1`);
  const bytes = await drawImage(320, 200);
  picture = showPicture(bytes);
  damaged = showPicture(bytes.subarray(0, 60));
});

afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

function showPicture(bytes: Buffer): OpenAI.ChatCompletionContentPart {
  const url = `data:image/png;base64,${bytes.toString('base64')}`;
  return { type: 'image_url', image_url: { url, detail: 'low' } };
}

const ask = (...content: (OpenAI.ChatCompletionContentPart | string)[]): Message => ({
  role: 'user',
  content: content.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
});

const create = (messages: Message[], fields: object = {}) =>
  client.chat.completions.create({
    model: 'visual-salamandra',
    messages,
    max_completion_tokens: 12,
    ...fields,
  });

it('lists the model and finds it by its id', async () => {
  const [model] = (await client.models.list()).data;

  expect(model).toMatchObject({ id: 'demo', object: 'model', owned_by: 'visual-salamandra' });
  expect(await client.models.retrieve('demo')).toEqual(model);
});

it('gives the same answer about an image whole and as a stream', async () => {
  const messages = [ask(picture, 'Describe the picture.')];
  const whole = await create(messages, { logprobs: true, top_logprobs: 2 });
  const stream = await client.chat.completions.create({
    model: 'demo',
    messages,
    max_completion_tokens: 12,
    stream: true,
    stream_options: { include_usage: true },
    logprobs: true,
    top_logprobs: 2,
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const choices = chunks.flatMap((chunk) => chunk.choices);

  expect(whole.usage?.completion_tokens).toBeGreaterThan(0);
  expect(whole).toMatchObject({
    model: 'demo',
    usage: { prompt_tokens_details: { image_tokens: 50 } },
    x_salamandra: { media: [{ kind: 'image', width: 320, height: 200, visual_tokens: 50 }] },
  });
  expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe(
    whole.choices[0]!.message.content,
  );
  expect(choices.flatMap(({ logprobs }) => logprobs?.content ?? [])).toEqual(
    whole.choices[0]!.logprobs!.content,
  );
  expect(choices.at(-1)!.finish_reason).toBe(whole.choices[0]!.finish_reason);
  // The second request finds the prompt in the prefix cache.
  const details = { image_tokens: 50, cached_tokens: expect.any(Number) as number };
  expect(chunks.at(-1)!.usage).toEqual({ ...whole.usage, prompt_tokens_details: details });
});

it('returns every token with its log-probability', async () => {
  const { choices } = await create([ask('Hello')], { logprobs: true, top_logprobs: 5 });
  const tokens = choices[0]!.logprobs!.content!;

  expect(tokens.length).toBeGreaterThan(0);
  expect(tokens.map(({ token }) => token).join('')).toBe(choices[0]!.message.content);
  for (const { token, logprob, top_logprobs: top } of tokens) {
    expect(top).toHaveLength(5);
    // With greedy decoding the chosen token has the highest probability.
    expect([top[0]!.token, top[0]!.logprob]).toEqual([token, logprob]);
    const logprobs = top.map((one) => one.logprob);
    expect(logprobs).toEqual([...logprobs].sort((a, b) => b - a));
    expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1.0001);
  }
});

it('accepts a conversation with an image in an earlier turn', async () => {
  const { choices, usage } = await create([
    { role: 'system', content: 'Answer in one word.' },
    ask(picture, 'What is it?'),
    { role: 'assistant', content: 'Noise.' },
    ask('And what else?'),
  ]);

  expect(choices[0]!.message.role).toBe('assistant');
  expect(usage).toMatchObject({ prompt_tokens_details: { image_tokens: 50 } });
});

it('accepts several images, and none', async () => {
  const two = await create([ask(picture, showPicture(await drawImage(90, 90)), 'Compare them.')]);
  const none = await create([ask('Good morning')]);

  expect(two).toMatchObject({ x_salamandra: { media: [{ width: 320 }, { width: 90 }] } });
  expect(two).toMatchObject({ usage: { prompt_tokens_details: { image_tokens: 100 } } });
  expect(none).toMatchObject({ usage: { prompt_tokens_details: { image_tokens: 0 } } });
});

it('samples the same answer for the same seed and another for another seed', async () => {
  const sample = async (seed: number) => {
    const { choices } = await create([ask('Hello')], { temperature: 2, seed });
    return choices[0]!.message.content;
  };

  const first = await sample(5);
  expect(await sample(5)).toBe(first);
  expect(await sample(6)).not.toBe(first);
});

it.each([
  ['a damaged image', () => [ask(damaged)], {}, 422],
  ['too long a text', () => [ask('word '.repeat(3_000))], {}, 400],
  ['two answers', () => [ask('Hello')], { n: 2 }, 400],
  ['another model', () => [ask('Hello')], { model: 'gpt-4o' }, 404],
])('rejects %s with the error format of OpenAI', async (_, messages, fields, status) => {
  const error: unknown = await create(messages(), fields).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(OpenAI.APIError);
  expect(error).toMatchObject({ status, type: 'invalid_request_error' });
  expect(String(error)).not.toMatch(/\/(work|home|root|tmp|usr|src|dist)\/|vips|sharp|onnx/i);
});
