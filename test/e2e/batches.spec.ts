import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';
import type OpenAI from 'openai';
import { toFile } from 'openai';

import { createOpenAiClient } from '../http/openai-client.js';
import { poll } from '../setup/poll.js';
import { run } from './run-cli.js';
import { type Service, startService } from './service.js';

jest.setTimeout(120_000);

const PROJECT = join(import.meta.dirname, '../..');

interface OutputLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly body: OpenAI.ChatCompletion & { readonly error: { readonly code: string } };
  } | null;
  readonly error: { readonly code: string } | null;
}

let home: string;
let picture: string;
let service: Service;
let client: OpenAI;

const env = () => ({ SALAMANDRA_HOME: home, SALAMANDRA_MODEL: 'demo' });

async function start(): Promise<void> {
  service = await startService(env());
  await service.waitUntilReady();
  client = createOpenAiClient(`${service.url}/v1`);
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'salamandra-batches-e2e-'));
  // The demo's package, converted once for all specs. This spec may be the first that needs it.
  const packages = join(PROJECT, '.salamandra/packages');
  await mkdir(packages, { recursive: true });
  await symlink(packages, join(home, 'packages'));
  const fox = await readFile(join(PROJECT, 'samples/fox.png'));
  picture = `data:image/png;base64,${fox.toString('base64')}`;
  await start();
});

afterAll(async () => {
  await service.stop();
  await rm(home, { recursive: true, force: true });
});

function line(id: string, url: string, text: string): object {
  const content = [
    { type: 'image_url', image_url: { url, detail: 'low' } },
    { type: 'text', text },
  ];
  const messages = [{ role: 'user', content }];
  const body = { model: 'demo', messages, max_completion_tokens: 8 };
  return { custom_id: id, method: 'POST', url: '/v1/chat/completions', body };
}

async function upload(lines: readonly (object | string)[]): Promise<OpenAI.FileObject> {
  const text = lines.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry)));
  const file = await toFile(Buffer.from(`${text.join('\n')}\n`), 'requests.jsonl');
  return await client.files.create({ file, purpose: 'batch' });
}

const create = (input_file_id: string, fields: object = {}) =>
  client.batches.create({
    ...{ input_file_id, endpoint: '/v1/chat/completions', completion_window: '24h' },
    ...fields,
  });

const untilEnded = (id: string) =>
  poll(async () => {
    const batch = await client.batches.retrieve(id);
    return ['completed', 'failed', 'cancelled', 'expired'].includes(batch.status)
      ? batch
      : undefined;
  });

async function readOutput(id: string | null | undefined): Promise<OutputLine[]> {
  const text = await (await client.files.content(id ?? '')).text();
  return text
    .trimEnd()
    .split('\n')
    .map((entry) => JSON.parse(entry) as OutputLine);
}

it('does every line once across a kill of the service, and lists those that fail', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `picture ${index}`);
  const input = await upload([
    ...ids.map((id) => line(id, picture, `What is picture ${id} about?`)),
    line('damaged', `data:image/png;base64,${Buffer.from('no picture').toString('base64')}`, 'Hi'),
    { ...line('invalid', picture, 'Hi'), body: { model: 'demo', messages: 'Hi' } },
  ]);
  expect(input).toMatchObject({ object: 'file', purpose: 'batch', filename: 'requests.jsonl' });
  expect(input.expires_at).toBe(input.created_at + 2_592_000);

  const created = await create(input.id, { metadata: { run: 'e2e' } });
  expect(created).toMatchObject({
    object: 'batch',
    status: 'validating',
    metadata: { run: 'e2e' },
  });
  expect(created.expires_at).toBe(created.created_at + 86_400);
  await poll(async () => {
    const { request_counts: counts } = await client.batches.retrieve(created.id);
    return (counts?.completed ?? 0) > 3 || undefined;
  });
  service.process.kill('SIGKILL');
  await service.stop();
  await start();

  const ended = await untilEnded(created.id);
  expect(ended).toMatchObject({
    status: 'completed',
    model: 'demo',
    request_counts: { total: 42, completed: 40, failed: 2 },
  });
  const output = await readOutput(ended.output_file_id);
  expect(output.map(({ custom_id }) => custom_id)).toEqual(ids);
  expect(new Set(output.map(({ id }) => id)).size).toBe(40);
  for (const { response, error } of output) {
    expect(error).toBeNull();
    expect(response).toMatchObject({ status_code: 200, body: { object: 'chat.completion' } });
  }
  const tokens = output.map(({ response }) => response?.body.usage?.total_tokens ?? 0);
  expect(ended.usage?.total_tokens).toBe(tokens.reduce((sum, count) => sum + count, 0));
  const failed = await readOutput(ended.error_file_id);
  expect(
    failed.map(({ custom_id, response }) => [
      ...[custom_id, response?.status_code],
      response?.body.error.code,
    ]),
  ).toEqual([
    ['damaged', 415, 'unsupported_media_type'],
    ['invalid', 400, 'invalid_parameter'],
  ]);

  // The same request through the route has the same answer.
  const same = await client.chat.completions.create({
    ...(line('', picture, 'What is picture picture 7 about?') as { body: object }).body,
  } as OpenAI.ChatCompletionCreateParamsNonStreaming);
  expect(output[7]?.response?.body.choices[0]?.message.content).toBe(
    same.choices[0]?.message.content,
  );
  const { stdout } = await run(['jobs', 'list'], { env: env() });
  expect(stdout).toContain(`${created.id}\tbatch requests.jsonl\tdone\t42 of 42 · 2 failed`);
});

it('fails with the number of each invalid line, and does none', async () => {
  const valid = line('a', picture, 'Hi') as { readonly body: object };
  const input = await upload([
    valid,
    '{"custom_id": "b", ',
    valid,
    { ...valid, custom_id: undefined },
    { ...valid, custom_id: 'c', method: 'GET' },
    { ...valid, custom_id: 'd', url: '/v1/completions' },
    { ...valid, custom_id: 'e', body: { ...valid.body, model: 'gpt-4o' } },
  ]);

  const ended = await untilEnded((await create(input.id)).id);

  expect(ended.status).toBe('failed');
  expect(ended.output_file_id).toBeNull();
  expect(ended.request_counts).toEqual({ total: 0, completed: 0, failed: 0 });
  expect(ended.errors?.data?.map((fault) => [fault.line, fault.code, fault.param])).toEqual([
    [2, 'invalid_json_line', null],
    [3, 'duplicate_custom_id', 'custom_id'],
    [4, 'invalid_custom_id', 'custom_id'],
    [5, 'invalid_method', 'method'],
    [6, 'invalid_url', 'url'],
    [7, 'model_not_found', 'body.model'],
  ]);
});

it('cancels a batch, keeps its results, and names the lines that were not done', async () => {
  const ids = Array.from({ length: 300 }, (_, index) => `n${index}`);
  const input = await upload(ids.map((id) => line(id, picture, `And what is ${id}?`)));
  const { id } = await create(input.id, { completion_window: '7d' });
  await poll(async () => {
    const { request_counts: counts } = await client.batches.retrieve(id);
    return (counts?.completed ?? 0) > 0 || undefined;
  });
  await expect(client.files.delete(input.id)).rejects.toMatchObject({ status: 400 });

  expect((await client.batches.cancel(id)).status).toBe('cancelling');
  const ended = await untilEnded(id);

  expect(ended.status).toBe('cancelled');
  const output = await readOutput(ended.output_file_id);
  const undone = await readOutput(ended.error_file_id);
  expect(output).toHaveLength(ended.request_counts?.completed ?? 0);
  expect([...output, ...undone].map(({ custom_id }) => custom_id).sort()).toEqual([...ids].sort());
  expect(new Set(undone.map(({ error }) => error?.code))).toEqual(new Set(['batch_cancelled']));
});

it('lists files and batches page by page, and deletes files with their content', async () => {
  const batches: string[] = [];
  for await (const batch of client.batches.list({ limit: 2 })) batches.push(batch.id);
  expect(batches).toHaveLength(3);
  const inputs: OpenAI.FileObject[] = [];
  for await (const file of client.files.list({ purpose: 'batch', limit: 2, order: 'asc' })) {
    inputs.push(file);
  }
  expect(inputs).toHaveLength(3);
  expect(await client.files.retrieve(inputs[1]!.id)).toEqual(inputs[1]);

  for (const { id } of inputs) {
    expect(await client.files.delete(id)).toEqual({ id, object: 'file', deleted: true });
  }

  await expect(client.files.content(inputs[0]!.id)).rejects.toMatchObject({
    status: 404,
    error: { type: 'invalid_request_error', code: 'not_found' },
  });
  // The output and error files of the two batches that did something.
  const left = await readdir(join(home, 'files'));
  expect(left).toHaveLength(4);
});
