import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { basename, dirname } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { poll } from '../../../test/setup/poll.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
import { createApp } from '../server.js';
import { MediaFiles } from './media-files.js';

const IMAGE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

let engine: FakeEngine;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine);
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

function post(files: readonly (readonly [Buffer, string])[]) {
  const form = request(app.getHttpServer()).post('/v1/answers').field('question', '?');
  for (const [bytes, name] of files) form.attach('file', bytes, name);
  return form;
}

const codeOf = ({ status, body }: { status: number; body: unknown }) => [
  status,
  (body as { code?: string }).code,
];

it('stores a video in a file and removes it after the response', async () => {
  const video = tinyVideo(3_000_000).fill(7, 64);
  let seen: { path: string; bytes: Buffer } | undefined;
  const { generate } = engine;
  engine.generate = async function* (received, signal) {
    const [media] = received.media;
    if (media?.kind === 'video') seen = { path: media.path, bytes: await readFile(media.path) };
    yield* generate(received, signal);
  };
  const reply = await post([[video, '../../etc/passwd']]);

  expect(reply.status).toBe(200);
  expect(seen?.bytes.equals(video)).toBe(true);
  expect(seen?.path).toMatch(/visual-salamandra-\w{6}.[\da-f-]{36}$/);
  await poll(() => !existsSync(seen?.path ?? '') || undefined);
});

it('accepts eight files, but not nine', async () => {
  const file = [IMAGE, 'x.png'] as const;

  expect((await post(Array(8).fill(file) as (typeof file)[])).status).toBe(200);
  expect(engine.requests[0]?.media).toHaveLength(8);
  expect(codeOf(await post(Array(9).fill(file) as (typeof file)[]))).toEqual([
    413,
    'TOO_MANY_PARTS',
  ]);
});

it('accepts twice the bytes of an image for all images', async () => {
  await app.close();
  app = await createApp(engine, { imageBytes: 1_000_000 });
  await app.listen(0, '127.0.0.1');
  const large = Buffer.alloc(1_000_001);
  IMAGE.copy(large);
  const most = large.subarray(0, 1_000_000);
  const [one, two] = [[most, 'a'] as const, [most, 'b'] as const];

  expect(codeOf(await post([[large, 'x.png']]))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  expect(codeOf(await post([one, two, [IMAGE, 'c']]))).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  expect((await post([one, two])).status).toBe(200);
});

it('stores a large image in a file and removes it after the response', async () => {
  const image = Buffer.alloc(9_000_000, 7);
  IMAGE.copy(image);
  let seen: { path: string; bytes: Buffer } | undefined;
  const { generate } = engine;
  engine.generate = async function* (received, signal) {
    const [media] = received.media;
    if (media?.kind === 'image' && 'path' in media) {
      seen = { path: media.path, bytes: await readFile(media.path) };
    }
    yield* generate(received, signal);
  };

  expect((await post([[image, 'x.png']])).status).toBe(200);
  expect(seen?.bytes.equals(image)).toBe(true);
  await poll(() => !existsSync(seen?.path ?? '') || undefined);
});

it('rejects files together with media in the body', async () => {
  const reply = await post([[IMAGE, 'x.png']]).field('media', '{"url":"http://x.org/"}');

  expect(codeOf(reply)).toEqual([400, 'INVALID_REQUEST']);
});

it('removes the file of a client that disconnects during the upload', async () => {
  const files = app.get(MediaFiles);
  const openScope = files.openScope.bind(files);
  const paths: string[] = [];
  files.openScope = () => {
    const scope = openScope();
    return {
      ...scope,
      async write(chunks) {
        const seen = async function* () {
          for await (const chunk of chunks) {
            paths.push('chunk');
            yield chunk;
          }
        };
        return await scope.write(seen());
      },
    };
  };
  const { port } = app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const head =
    '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n' +
    'Content-Type: video/mp4\r\n\r\n';
  socket.write(
    'POST /v1/answers HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n' +
      `Content-Length: 1000000\r\n\r\n${head}`,
  );
  socket.write(tinyVideo(100_000));
  await poll(() => (paths.length > 0 ? true : undefined));
  const kept = await files.openScope().write([tinyVideo()]);
  const others = async () =>
    (await readdir(dirname(kept))).filter((name) => !['lock', basename(kept)].includes(name));
  expect(await others()).toHaveLength(1);
  socket.destroy();

  await poll(async () => ((await others()).length === 0 ? true : undefined));
  expect(engine.requests).toHaveLength(0);
});
