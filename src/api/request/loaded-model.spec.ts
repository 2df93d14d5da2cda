import type { NestExpressApplication } from '@nestjs/platform-express';

import { createFakeEngine, FAKE_MODEL, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { listenForOpenAi } from '../../../test/http/openai-client.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
import type { ModelDescription } from '../../engine/vision-language-engine.js';
import { createApp } from '../server.js';

const IMAGE = Buffer.from([0, 1, 2]).toString('base64');
const VIDEO = tinyVideo().toString('base64');
const SHOWING = [{ type: 'image_url', image_url: { url: `data:;base64,${IMAGE}` } }];

let engine: FakeEngine;
let app: NestExpressApplication;
let url: string;

beforeAll(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  url = await listenForOpenAi(app);
});

afterAll(() => app.close());

function load(changes: Partial<ModelDescription>): void {
  engine.nextStatus = { state: 'ready', model: { ...FAKE_MODEL, ...changes } };
  engine.requests = [];
}

async function post(route: string, body: object): Promise<{ status: number; reply: unknown }> {
  const response = await fetch(`${url}/${route}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, reply: await response.json() };
}

const ask = (content: unknown) => ({ model: 'fake', messages: [{ role: 'user', content }] });

describe('a text-only model', () => {
  beforeEach(() => load({ inputModalities: ['text'] }));

  it.each([
    ['captions', { media: { base64: IMAGE } }],
    ['videos/captions', { media: { base64: VIDEO } }],
    ['answers', { question: 'What?', media: [{ base64: IMAGE }] }],
  ])('rejects media on /v1/%s', async (route, body) => {
    const { status, reply } = await post(route, body);

    expect(status).toBe(400);
    expect(reply).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: expect.stringContaining('has no vision encoder') as string,
    });
    expect(engine.requests).toEqual([]);
  });

  it('rejects media in a chat, and answers a text-only chat', async () => {
    expect(await post('chat/completions', ask(SHOWING))).toMatchObject({
      status: 400,
      reply: {
        error: {
          code: 'invalid_request',
          message: expect.stringContaining('has no vision encoder') as string,
        },
      },
    });
    expect(engine.requests).toEqual([]);

    expect((await post('chat/completions', ask('Hello'))).status).toBe(200);
    expect((await post('answers', { question: 'What?' })).status).toBe(200);
  });

  it('lists text as its only input modality', async () => {
    const reply = (await (await fetch(`${url}/models/fake`)).json()) as object;

    expect(reply).toMatchObject({
      architecture: { input_modalities: ['text'] },
      endpoints: ['/v1/chat/completions', '/v1/completions'],
    });
  });
});

describe('a model that takes no videos', () => {
  beforeEach(() => load({ inputModalities: ['text', 'image'] }));

  const refusal = 'The model fake accepts images, but no videos.';

  it.each([
    ['captions', { media: { base64: VIDEO } }],
    ['videos/captions', { media: { base64: VIDEO } }],
    // The route is for videos only, so the file is not read.
    ['videos/captions', { media: { base64: IMAGE } }],
    ['answers', { question: 'What?', media: [{ base64: IMAGE }, { base64: VIDEO }] }],
    ['estimate', { media: { base64: VIDEO } }],
    ['estimate', { media: { duration_seconds: 4 } }],
  ])('rejects videos on /v1/%s', async (route, body) => {
    const { status, reply } = await post(route, body);

    expect(status).toBe(400);
    expect(reply).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: expect.stringContaining(refusal) as string,
    });
    expect(engine.requests).toEqual([]);
  });

  it('rejects videos in a form, and takes images', async () => {
    const send = async (bytes: Buffer, name: string) => {
      const body = new FormData();
      body.append('file', new Blob([new Uint8Array(bytes)]), name);
      return (await fetch(`${url}/captions`, { method: 'POST', body })).status;
    };

    expect(await send(tinyVideo(), 'a.mp4')).toBe(400);
    expect(engine.requests).toEqual([]);
    expect(await send(Buffer.from(IMAGE, 'base64'), 'a.png')).toBe(200);
  });

  it('rejects videos in a chat', async () => {
    const clip = { type: 'video_url', video_url: { url: `data:video/mp4;base64,${VIDEO}` } };

    expect(await post('chat/completions', ask([clip]))).toMatchObject({
      status: 400,
      reply: { error: { message: expect.stringContaining(refusal) as string } },
    });
    expect((await post('chat/completions', ask(SHOWING))).status).toBe(200);
  });

  it('lists its input modalities', async () => {
    const reply = (await (await fetch(`${url}/models/fake`)).json()) as object;

    expect(reply).toMatchObject({ architecture: { input_modalities: ['text', 'image'] } });
  });
});

describe('a model without a chat template', () => {
  beforeEach(() => load({ inputModalities: ['text'], prompts: 'raw' }));

  it('supports completions, but neither chats nor answers', async () => {
    const refusal = /no chat template/;

    expect((await post('completions', { model: 'fake', prompt: 'Once' })).status).toBe(200);
    expect(await post('chat/completions', ask('Hello'))).toMatchObject({
      status: 400,
      reply: { error: { message: expect.stringMatching(refusal) as string } },
    });
    expect(await post('answers', { question: 'What?' })).toMatchObject({
      status: 400,
      reply: { detail: expect.stringMatching(refusal) as string },
    });
    expect(engine.requests).toHaveLength(1);
  });

  it('lists /v1/completions as its only endpoint, and the source of its checkpoint', async () => {
    const hub = { repository: 'BSC-LT/salamandra-2b', commit: 'a'.repeat(40) };
    load({ inputModalities: ['text'], prompts: 'raw', hub });
    const reply = (await (await fetch(`${url}/models/fake`)).json()) as object;

    expect(reply).toMatchObject({ endpoints: ['/v1/completions'], hub });
  });
});
