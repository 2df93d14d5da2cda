import { randomBytes } from 'node:crypto';
import { connect, type AddressInfo } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine } from '../../test/fakes/fake-engine.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../test/setup/temporary-folder.js';
import { createApp } from '../api/server.js';
import { PAGE_FOLDERS } from './serve-page.js';

const SCRIPT = `console.log('${randomBytes(5_000).toString('base64')}');`.repeat(2);

let page: TemporaryFolder;
let app: NestExpressApplication;

beforeEach(async () => {
  page = createTemporaryFolder();
  page.write('index.html', '<!doctype html><title>Visual Salamandra</title>');
  page.write('main.js', SCRIPT);
  page.write('main.css', 'p { margin: 0 }');
  page.write('secret.txt', 'secret');
  const pageFolders = { page: page.path('.'), samples: PAGE_FOLDERS.samples };
  app = await createApp(createFakeEngine(), { pageFolders });
  await app.listen(0, '127.0.0.1');
});

afterEach(async () => {
  await app.close();
  page.remove();
});

const get = (path: string) => request(app.getHttpServer()).get(path);

/** The status line for a path that client libraries would normalize before sending. */
async function statusOf(path: string): Promise<string> {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  let reply = '';
  for await (const chunk of socket) reply += String(chunk);
  return reply.slice(0, reply.indexOf('\r\n'));
}

it.each([
  ['/', 'text/html; charset=utf-8'],
  ['/main.js', 'text/javascript; charset=utf-8'],
  ['/main.css', 'text/css; charset=utf-8'],
  ['/samples/index.json', 'application/json; charset=utf-8'],
  ['/samples/fox.png', 'image/png'],
  ['/samples/desert.webp', 'image/webp'],
  ['/samples/rocket-rises.mp4', 'video/mp4'],
  ['/samples/rabbit-enters.webm', 'video/webm'],
])('serves %s with its security headers', async (path, type) => {
  const reply = await get(path);

  expect(reply.status).toBe(200);
  expect(reply.headers).toMatchObject({
    'content-type': type,
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
      "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
    etag: expect.any(String) as string,
  });
});

it.each(['/', '/main.js', '/samples/index.json', '/samples/fox.png'])(
  'answers that %s is unchanged, and without a body what it would be',
  async (path) => {
    const whole = await get(path);
    const again = await get(path).set('If-None-Match', whole.headers['etag'] ?? '');
    const head = await request(app.getHttpServer()).head(path);

    expect([again.status, again.text]).toEqual([304, '']);
    expect(head.status).toBe(200);
    expect(head.headers['etag']).toBe(whole.headers['etag']);
    expect(head.headers['content-type']).toBe(whole.headers['content-type']);
  },
);

it('compresses the page but not images', async () => {
  const script = await get('/main.js').set('Accept-Encoding', 'br');
  const plain = await get('/main.js').set('Accept-Encoding', 'identity');
  const image = await get('/samples/meadow.jpg').set('Accept-Encoding', 'gzip');

  expect(script.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' });
  expect([plain.headers['content-encoding'], plain.text]).toEqual([undefined, SCRIPT]);
  expect(image.headers).not.toHaveProperty('content-encoding');
});

it('supports Range requests for videos', async () => {
  const reply = await get('/samples/three-shots.mp4').set('Range', 'bytes=4-7');

  expect(reply.status).toBe(206);
  expect((reply.body as Buffer).toString()).toBe('ftyp');
});

it('lists the samples that it serves', async () => {
  const { data } = (await get('/samples/index.json')).body as { data: { url: string }[] };

  expect(data).toContainEqual({
    file: 'fox.png',
    kind: 'image',
    url: 'samples/fox.png',
  });
  expect(data).toContainEqual(expect.objectContaining({ file: 'three-shots.mp4', kind: 'video' }));
  for (const { url } of data) expect((await get(`/${url}`)).status).toBe(200);
});

it.each([
  '/secret.txt',
  '/index.html/',
  '/..%2fpackage.json',
  '/%2e%2e/package.json',
  '/../package.json',
  '/main.js%00.txt',
  '/samples',
  '/samples/',
  '/samples/demo.mjs',
  '/samples/samples.json',
  '/samples/../package.json',
  '/samples/..%2fpackage.json',
  '/samples/..%5cpackage.json',
  '/samples//fox.png',
  '//samples/fox.png',
])('returns 404 for %s', async (path) => {
  expect(await statusOf(path)).toBe('HTTP/1.1 404 Not Found');
});

it('returns a problem document for unknown paths', async () => {
  const reply = await get('/nope.js');

  expect([reply.type, (reply.body as { code: string }).code]).toEqual([
    'application/problem+json',
    'NOT_FOUND',
  ]);
  expect(reply.headers).not.toHaveProperty('content-security-policy');
});

it.each(['/', '/samples/index.json', '/samples/fox.png'])(
  'lets nobody post to %s',
  async (path) => {
    const reply = await request(app.getHttpServer()).post(path).send({});

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
    ]);
    expect(reply.headers['allow']).toBe('GET, HEAD');
  },
);

it('rejects an unknown Host header', async () => {
  const reply = await get('/').set('Host', 'rebound.example.org');

  expect([reply.status, (reply.body as { code: string }).code]).toEqual([403, 'FORBIDDEN']);
});

it('does not change the policy of the API documentation, except for frames', async () => {
  const { headers } = await get('/docs');
  expect(headers).not.toHaveProperty('content-security-policy');
  expect(headers).toHaveProperty('x-frame-options', 'DENY');
});

it('names the build command if the page is missing, and lists no samples without list files', async () => {
  const folder = page.path('nothing');
  const bare = await createApp(createFakeEngine(), {
    pageFolders: { page: folder, samples: folder },
  });
  await bare.listen(0, '127.0.0.1');
  try {
    const reply = await request(bare.getHttpServer()).get('/');
    expect(reply.body).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      detail: 'The web page is not built. Run `npm run build`.',
    });
    const samples = await request(bare.getHttpServer()).get('/samples/index.json');
    expect(samples.body).toEqual({ object: 'list', data: [] });
  } finally {
    await bare.close();
  }
});
