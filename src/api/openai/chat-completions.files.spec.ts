import { randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { dirname } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import type OpenAI from 'openai';
import sharp from 'sharp';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createOpenAiClient, listenForOpenAi } from '../../../test/http/openai-client.js';
import { poll } from '../../../test/setup/poll.js';
import type { RequestMedia } from '../../engine/vision-language-engine.js';
import { BodyReceiver } from '../admission/body-receiver.js';
import { createApp } from '../server.js';

let engine: FakeEngine;
let app: NestExpressApplication;
let client: OpenAI;
let url: string;
let folder: string | undefined;
let received: Buffer[];

/** Reads the files while the engine has them. */
function observe(): void {
  const { generate } = engine;
  engine.generate = (work, signal) => {
    received = work.media.map(readMedia);
    return generate(work, signal);
  };
}

function readMedia(media: RequestMedia): Buffer {
  if ('bytes' in media) return Buffer.from(media.bytes);
  folder = dirname(media.path);
  return readFileSync(media.path);
}

async function start(options: Parameters<typeof createApp>[1] = {}): Promise<void> {
  engine = createFakeEngine();
  observe();
  received = [];
  folder = undefined;
  app = await createApp(engine, options);
  url = await listenForOpenAi(app);
  client = createOpenAiClient(url);
}

afterEach(() => app.close());

/** A PNG of noise, which has this many bytes and some. */
async function noisePng(bytes: number): Promise<Buffer> {
  const side = Math.ceil(Math.sqrt(bytes / 3));
  const pixels = randomFillSync(Buffer.alloc(side * side * 3));
  return await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

const toUrl = (file: Buffer) => `data:image/png;base64,${file.toString('base64')}`;

function ask(...parts: object[]) {
  const content = [...parts, { type: 'text', text: 'What is it?' }] as never;
  return client.chat.completions.create({ model: 'fake', messages: [{ role: 'user', content }] });
}

const image = (value: string) => ({ type: 'image_url', image_url: { url: value } });

/** Posts a raw body in chunks without a length. */
async function postChunks(chunks: readonly string[]): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const outgoing = request(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      agent: new Agent(),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
      incoming.once('end', () => {
        resolve({ status: incoming.statusCode ?? 0, text });
      });
    });
    for (const chunk of chunks) outgoing.write(chunk);
    outgoing.end();
  });
}

const body = (member: string, prefix = '') =>
  `{"model":"fake","messages":[{"role":"user","content":[{"type":"image_url","image_url":{${prefix}"url":${member}}}]}]}`;

describe('large chat bodies', () => {
  beforeEach(() => start());

  it.each([12_000_000, 20_000_000])(
    "take a photograph of %i bytes from OpenAI's client",
    async (bytes) => {
      const file = await noisePng(bytes);
      const completion = await ask(image(toUrl(file)));

      expect(completion.choices[0]?.message.content).toBe('answer 0');
      expect(received).toHaveLength(1);
      expect(received[0]?.equals(file)).toBe(true);
      expect(engine.requests[0]).toMatchObject({
        media: [{ kind: 'image' }],
        conversations: [[{ content: [{ type: 'image' }, { text: 'What is it?' }] }]],
      });
      await poll(() => Promise.resolve(readdirSync(folder ?? '').length === 0));
    },
  );

  it('keep the order and the kind of several files, and read small ones as before', async () => {
    const [large, small] = await Promise.all([noisePng(9_000_000), noisePng(3_000)]);
    const clip = Buffer.concat([
      Buffer.from('000000186674797069736f6d0000020069736f6d69736f32', 'hex'),
      randomFillSync(Buffer.alloc(200_000)),
    ]);
    await ask(
      { type: 'input_video', input_video: { data: clip.toString('base64') } },
      image(toUrl(small)),
      { type: 'image_url', image_url: toUrl(large) },
    );

    expect(engine.requests[0]?.media.map(({ kind }) => kind)).toEqual(['video', 'image', 'image']);
    expect([clip, small, large].map((file, i) => received[i]?.equals(file))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('take escapes, line breaks and chunks of any length', async () => {
    const file = await noisePng(300_000);
    const base64 = file.toString('base64').replaceAll('/', '\\/').replaceAll('+', '%2B');
    const lines = base64.replaceAll(/.{1,75}(?<!\\|%|%.)/g, '$&\\r\\n').replaceAll('A', '\\u0041');
    const text = body(`"data:image\\/png;base64,${lines}"`, '"detail":"low",');
    const chunks = text.match(/[^]{1,4999}/g) ?? [];

    expect(await postChunks(chunks)).toMatchObject({ status: 200 });
    expect(received[0]?.equals(file)).toBe(true);
    expect(engine.requests[0]?.detail).toBe('low');
  });

  it.each([
    ['an invalid symbol', `"data:image/png;base64,${'A'.repeat(200_000)}*AAA"`, 'invalid_base64'],
    ['the URL alphabet', `"data:image/png;base64,${'A'.repeat(200_000)}_-AA"`, 'invalid_base64'],
    [
      'the URL alphabet inside',
      `"data:image/png;base64,_-AA${'A'.repeat(200_000)}"`,
      'invalid_base64',
    ],
    [
      'padding inside',
      `"data:image/png;base64,${'A'.repeat(99_998)}==${'A'.repeat(99_998)}"`,
      'invalid_base64',
    ],
    ['no data: URL', `"${'A'.repeat(200_000)}"`, 'invalid_parameter'],
    ['percent-encoded data', `"data:image/png,${'A'.repeat(200_000)}"`, 'invalid_parameter'],
    ['no end of the string', `"data:image/png;base64,${'A'.repeat(200_000)}`, 'invalid_base64'],
    ['text', `{"x":"${'A'.repeat(3_000_000)}"}`, 'payload_too_large'],
    ['levels', '['.repeat(3_000_000), 'invalid_request'],
  ])('reject %s', async (_, value, code) => {
    const { text: reply } = await postChunks([body(value)]);

    expect(JSON.parse(reply)).toMatchObject({ error: { code } });
    await poll(() => Promise.resolve(app.get(BodyReceiver).heldBytes === 0));
  });

  it('reject a body that ends in the string', async () => {
    const { text } = await postChunks([
      body(`"data:;base64,${'A'.repeat(200_000)}`).replace(/A}.*/, 'A'),
    ]);

    expect(JSON.parse(text)).toMatchObject({ error: { code: 'invalid_json' } });
  });

  it('do not take the text of a client for a file', async () => {
    const { text } = await postChunks([body('{"source":{"kind":"file","path":"/etc/passwd"}}')]);

    expect(JSON.parse(text)).toMatchObject({ error: { code: 'invalid_parameter' } });
  });

  it('take more bodies at once than memory would hold', async () => {
    const file = await noisePng(10_000_000);
    const { generate } = engine;
    let together = 0;
    engine.generate = (work, signal) => {
      together = Math.max(together, app.get(BodyReceiver).heldBytes);
      return generate(work, signal);
    };
    await Promise.all(Array.from({ length: 6 }, () => ask(image(toUrl(file)))));

    expect(engine.requests).toHaveLength(6);
    expect(together).toBeLessThanOrEqual(6 * 2_000_000);
  });
});

describe('limits of chat bodies', () => {
  it('are settings', async () => {
    await start({ chatBytes: 9_000_000, imageBytes: 200_000 });
    const [tooLong, tooLarge] = [await noisePng(7_000_000), await noisePng(6_400_000)];

    await expect(ask(image(toUrl(tooLong)))).rejects.toMatchObject({
      status: 413,
      message: expect.stringContaining('SALAMANDRA_CHAT_MB') as string,
    });
    await expect(ask(image(toUrl(tooLarge)))).rejects.toMatchObject({
      status: 413,
      message: expect.stringContaining('The image in "url" is larger than 200000 bytes') as string,
    });
  });
});
