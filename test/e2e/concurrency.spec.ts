import { readFile } from 'node:fs/promises';

import { jest } from '@jest/globals';

import { drawImage } from './draw-image.js';
import { openStream } from './open-stream.js';
import { postJson, type Service, startService } from './service.js';

jest.setTimeout(300_000);

let service: Service;
let pictures: string[];
let model: string;

beforeAll(async () => {
  // Without a cache, each repeated request is computed again.
  service = await startService({ SALAMANDRA_CACHE_MB: '0' });
  await service.waitUntilReady();
  const drawn = [drawImage(300, 200), drawImage(120, 240), drawImage(200, 200)];
  const models = await fetch(`${service.url}/v1/models`);
  model = ((await models.json()) as { data: { id: string }[] }).data[0]!.id;
  pictures = (await Promise.all(drawn)).map((picture) => picture.toString('base64'));
});

afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

interface Asked {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** Requests that differ in route, media, language, kind, detail and sampling settings. */
function requests(): Asked[] {
  const media = pictures.map((base64) => ({ base64 }));
  const seeded = { temperature: 1.2, max_tokens: 24 };
  return [
    { path: '/v1/captions', body: { media: media[0], languages: ['ca', 'es', 'eu', 'gl', 'en'] } },
    { path: '/v1/captions', body: { media: media[1], kind: ['long'], ...seeded, seed: 5 } },
    { path: '/v1/answers', body: { media: media[0], question: 'Què hi ha?', language: 'ca' } },
    { path: '/v1/answers', body: { media: media[2], question: 'How many?', detail: 'low' } },
    { path: '/v1/answers', body: { question: 'Hello', ...seeded, seed: 9 } },
    { path: '/v1/completions', body: { model, prompt: ['The fox', 'El gos'], max_tokens: 16 } },
  ];
}

const TEXT_FIELDS = new Set(['text', 'finish_reason', 'prompt_tokens', 'completion_tokens']);

/** Every text of a response, with its finish reason and token counts. */
function textsOf(reply: unknown): unknown[] {
  const found: unknown[] = [];
  JSON.stringify(reply, (name, value: unknown) => {
    if (TEXT_FIELDS.has(name)) found.push([name, value]);
    return value;
  });
  return found;
}

async function send({ path, body }: Asked): Promise<unknown[]> {
  const reply = await postJson(`${service.url}${path}`, body);
  expect(reply.status).toBe(200);
  return textsOf(reply.body);
}

describe('several requests at once', () => {
  it('get the answers that each gets alone', async () => {
    const alone: unknown[][] = [];
    for (const request of requests()) alone.push(await send(request));
    const together = await Promise.all([...requests(), ...requests()].map(send));

    expect(alone.flat().length).toBeGreaterThan(20);
    expect(together).toEqual([...alone, ...alone]);
  });

  it('decode the texts of one request together and stream all of them', async () => {
    const languages = ['ca', 'es', 'eu', 'gl', 'en', 'fr'];
    const base64 = (await readFile('samples/fox.png')).toString('base64');
    const body = { media: { base64 }, languages, kind: ['long'], temperature: 1.5 };
    const stream = await openStream(`${service.url}/v1/captions`, { ...body, max_tokens: 40 });
    await stream.ended();

    const events = stream.events().map(({ event, data }) => ({
      ...(data as { readonly language?: string; readonly text?: string }),
      event,
    }));
    const whole = Object.fromEntries(
      events.flatMap(({ event, language = '', text }) =>
        event === 'caption' ? [[language, text]] : [],
      ),
    );
    const pieces = events.filter(({ event }) => event === 'text-delta');
    expect(Object.keys(whole).sort()).toEqual([...languages].sort());
    for (const language of languages) {
      const own = pieces.filter((piece) => piece.language === language);
      expect(own.map(({ text }) => text).join('')).toBe(whole[language]);
    }
    // If the texts were decoded one after another, the language would change five times.
    const order = pieces.map((piece) => piece.language);
    const changes = order.filter((language, i) => i > 0 && language !== order[i - 1]);
    expect(changes.length).toBeGreaterThan(languages.length);
    const reply = await postJson(`${service.url}/v1/captions`, { ...body, max_tokens: 40 });
    const { results } = reply.body as unknown as { results: { language: string; text: string }[] };
    expect(results.map(({ language }) => language)).toEqual(languages);
    expect(Object.fromEntries(results.map(({ language, text }) => [language, text]))).toEqual(
      whole,
    );
  });

  it('continue when one client disconnects', async () => {
    const [first, second] = requests();
    const expected = await send(second!);
    const stream = await openStream(`${service.url}/v1/captions`, {
      ...first!.body,
      ...{ kind: ['long'], temperature: 2, max_tokens: 256 },
    });
    const other = send(second!);
    stream.leave();

    expect(await other).toEqual(expected);
  });
});
