import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../test/fakes/fake-inspector.js';
import {
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import { poll } from '../../../test/setup/poll.js';
import { createGuardedFetcher } from '../../media/remote/media-fetcher.js';
import { createApp } from '../server.js';

const JPEG = Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), Buffer.alloc(1_000, 7)]);
const VIDEO = Buffer.concat([Buffer.from('1a45dfa3', 'hex'), Buffer.alloc(5_000, 9)]);

let app: NestExpressApplication;
let engine: FakeEngine;
let server: MediaServer;
let url: (path: string) => string;

beforeEach(async () => {
  server = await startMediaServer((incoming, response) => {
    if (incoming.url === '/missing') response.writeHead(404).end();
    else if (incoming.url !== '/hanging') response.end(incoming.url === '/clip' ? VIDEO : JPEG);
  });
  url = (path) => `http://media.test:${server.port}${path}`;
  engine = createFakeEngine();
  app = await createApp(engine, {
    mediaFetcher: createGuardedFetcher(admitServer(server)),
    videoInspector: createFakeInspector(),
  });
  await app.listen(0, '127.0.0.1');
});

afterEach(async () => {
  await app.close();
  await server.close();
});

const post = (path: string, body: object) => request(app.getHttpServer()).post(path).send(body);

it('passes the image of a URL to the engine', async () => {
  const reply = await post('/v1/captions', { media: { url: url('/a.jpg') } });

  expect(reply.status).toBe(200);
  expect(engine.requests[0]?.media).toEqual([{ kind: 'image', bytes: JPEG }]);
});

it('passes the video of a URL to the engine, and removes its file', async () => {
  const generate = engine.generate.bind(engine);
  let seen: Buffer | undefined;
  engine.generate = (work, signal) => {
    const [video] = work.media;
    if (video?.kind === 'video') seen = readFileSync(video.path);
    return generate(work, signal);
  };
  const reply = await post('/v1/answers', {
    media: [{ url: url('/clip') }, { base64: JPEG.toString('base64') }],
    question: 'Què passa?',
  });

  expect(reply.status).toBe(200);
  expect(seen?.equals(VIDEO)).toBe(true);
  const [video, image] = engine.requests[0]!.media;
  expect(image).toEqual({ kind: 'image', bytes: JPEG });
  await poll(() => (video?.kind === 'video' && !existsSync(video.path)) || undefined);
});

it.each([
  ['/missing', 'MEDIA_FETCH_FAILED'],
  ['@127.0.0.1/', 'MEDIA_URL_REJECTED'],
])('responds to %s with 422 without calling the engine', async (path, code) => {
  const reply = await post('/v1/captions', { media: { url: url(path) } });

  expect(reply.body).toMatchObject({ status: 422, code });
  expect(JSON.stringify(reply.body)).not.toContain('media.test');
  expect(engine.requests).toEqual([]);
});

it('cancels the download when the client disconnects', async () => {
  const abort = new AbortController();
  const { port } = app.getHttpServer().address() as AddressInfo;
  const left = fetch(`http://127.0.0.1:${port}/v1/captions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ media: { url: url('/hanging') } }),
    signal: abort.signal,
  }).catch(() => 'left');
  await poll(() => server.connections.size === 1 || undefined);
  abort.abort();

  expect(await left).toBe('left');
  await poll(() => server.connections.size === 0 || undefined);
  expect(engine.requests).toEqual([]);
});
