import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';

import {
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import { createSelfSignedCertificate } from '../../../test/http/self-signed-certificate.js';
import { FetchFailure } from './fetch-errors.js';
import type { FetchPolicy } from './ssrf-guard.js';
import { createGuardedFetcher, type FetchedMedia } from './media-fetcher.js';

const IMAGE = Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), Buffer.alloc(1_000)]);

/** The same for every failure. */
const FAILED = {
  code: 'MEDIA_FETCH_FAILED',
  publicMessage:
    'The media URL returned no image or video within the time limits (connection 3 s, headers 5 s, body 30 s). Check the URL, or send the file itself.',
  details: undefined,
};

let server: MediaServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

function fetchMedia(
  scheme: 'http' | 'https',
  changes: Partial<FetchPolicy> = {},
): Promise<FetchedMedia> {
  const target = {
    maxImageBytes: 100_000,
    maxVideoBytes: 100_000,
    store: () => Promise.reject(new Error('There is no video here.')),
  };
  const policy = admitServer(server!, changes);
  const { signal } = new AbortController();
  return createGuardedFetcher(policy).fetch(
    `${scheme}://media.test:${server!.port}/`,
    target,
    signal,
  );
}

describe('what is no media', () => {
  it.each<[string, RequestListener]>([
    ['an empty body', (_, response) => response.end()],
    [
      'a page with the Content-Type of an image',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'image/jpeg' }).end('<!doctype html><img src=x>'),
    ],
    ['SVG', (_, response) => response.end('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['a playlist', (_, response) => response.end('#EXTM3U\nfile:///etc/passwd\n')],
    ['status 404', (_, response) => response.writeHead(404).end(IMAGE)],
    ['status 500', (_, response) => response.writeHead(500).end(IMAGE)],
    ['status 204', (_, response) => response.writeHead(204).end()],
    ['status 206', (_, response) => response.writeHead(206).end(IMAGE)],
    ['status 304', (_, response) => response.writeHead(304).end()],
    ['status 401', (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic' }).end()],
    [
      'a body that ends early',
      (_, response) => {
        response.writeHead(200, { 'content-length': 2_000 });
        response.write(IMAGE, () => response.destroy());
      },
    ],
    [
      'chunks that end early',
      (_, response) => {
        response.write(IMAGE, () => response.destroy());
      },
    ],
    [
      'no answer',
      ({ socket }) => {
        socket.destroy();
      },
    ],
    [
      'no HTTP',
      ({ socket }) => {
        socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      },
    ],
    [
      'headers of 20 kB',
      (_, response) => response.writeHead(200, { a: 'b'.repeat(20_000) }).end(IMAGE),
    ],
    [
      'another protocol',
      ({ socket }) => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
        );
      },
    ],
    [
      'two lengths',
      ({ socket }) => {
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd');
      },
    ],
    [
      'an unknown encoding',
      (_, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end(IMAGE),
    ],
    [
      'an encoding named after an inherited property',
      (_, response) => response.writeHead(200, { 'content-encoding': 'constructor' }).end(IMAGE),
    ],
    [
      'two encodings',
      (_, response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip, gzip' })
          .end(gzipSync(gzipSync(IMAGE))),
    ],
    [
      'two headers of encoding',
      (_, response) => {
        response.setHeader('content-encoding', ['gzip', 'gzip']);
        response.end(gzipSync(gzipSync(IMAGE)));
      },
    ],
    [
      'damaged compression',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(IMAGE),
    ],
    [
      'compression that ends early',
      (_, response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(IMAGE).subarray(0, -10)),
    ],
  ])('fails on %s', async (_, listener) => {
    server = await startMediaServer(listener);

    await expect(fetchMedia('http')).rejects.toMatchObject(FAILED);
  });

  it('fails on a host that does not listen', async () => {
    server = await startMediaServer(() => undefined);
    await server.close();

    await expect(fetchMedia('http')).rejects.toMatchObject(FAILED);
    server = undefined;
  });
});

describe('TLS', () => {
  const answer: RequestListener = (_, response) => response.end(IMAGE);

  it('fails on a certificate that nobody trusted has signed', async () => {
    server = await startMediaServer(answer, createSelfSignedCertificate('media.test'));

    await expect(fetchMedia('https')).rejects.toMatchObject(FAILED);
    expect(server.accepted).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it('fails on the certificate of another host', async () => {
    const certificate = createSelfSignedCertificate('other.test');
    server = await startMediaServer(answer, certificate);

    await expect(fetchMedia('https', { certificates: certificate.cert })).rejects.toMatchObject(
      FAILED,
    );
    expect(server.requests).toEqual([]);
  });

  it('fails on a server that speaks none', async () => {
    server = await startMediaServer(answer);

    await expect(fetchMedia('https')).rejects.toMatchObject(FAILED);
  });
});

describe('failures that are explained', () => {
  const explained = { failures: 'explained' } as const;

  it.each<[string, RequestListener, object]>([
    ...[400, 401, 403, 404, 410, 204, 206].map((status): [string, RequestListener, object] => [
      `status ${status}`,
      (_, response) => response.writeHead(status, { 'retry-after': '7' }).end(),
      { retryable: false, details: { status } },
    ]),
    ...[408, 425, 429, 500, 502, 503, 504].map((status): [string, RequestListener, object] => [
      `status ${status}`,
      (_, response) => response.writeHead(status, { 'retry-after': '7' }).end(),
      { retryable: true, details: { status, retry_after_seconds: 7 } },
    ]),
    [
      'a date to wait for that has passed',
      (_, response) =>
        response.writeHead(503, { 'retry-after': 'Sun, 22 Nov 2020 12:00:30 GMT' }).end(),
      { retryable: true, details: { status: 503, retry_after_seconds: 0 } },
    ],
    [
      'a page',
      (_, response) => response.end('<!doctype html>'),
      {
        retryable: false,
        publicMessage: expect.stringContaining('not that of its page') as string,
      },
    ],
    [
      'a body that ends early',
      (_, response) => {
        response.writeHead(200, { 'content-length': 2_000 });
        response.write(IMAGE, () => response.destroy());
      },
      { retryable: true },
    ],
    [
      'compression that ends early',
      (_, response) =>
        response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(IMAGE).subarray(0, -10)),
      { retryable: true },
    ],
    [
      'no answer',
      ({ socket }) => {
        socket.destroy();
      },
      {
        retryable: true,
        publicMessage: expect.stringContaining('closed the connection') as string,
      },
    ],
    [
      'no HTTP',
      ({ socket }) => {
        socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      },
      { retryable: false },
    ],
    [
      'an unknown encoding',
      (_, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end(IMAGE),
      { retryable: false },
    ],
  ])('say of %s whether it may pass', async (_, listener, expected) => {
    server = await startMediaServer(listener);

    await expect(fetchMedia('http', explained)).rejects.toMatchObject({
      code: 'MEDIA_FETCH_FAILED',
      ...expected,
    });
  });

  it('may pass: a host that does not listen', async () => {
    server = await startMediaServer(() => undefined);
    await server.close();

    await expect(fetchMedia('http', explained)).rejects.toMatchObject({
      retryable: true,
      publicMessage: expect.stringContaining('refused the connection') as string,
    });
    server = undefined;
  });

  it('may pass: a server that does not answer in time', async () => {
    server = await startMediaServer(() => undefined);
    const times = { connectMs: 3_000, headersMs: 50, bodyMs: 1_000, windowMs: 1_000 };

    await expect(fetchMedia('http', { ...explained, times })).rejects.toMatchObject({
      retryable: true,
      publicMessage: expect.stringContaining('time limits') as string,
    });
  });

  it('may pass: a name server that fails', async () => {
    server = await startMediaServer(() => undefined);
    const resolve = () =>
      Promise.reject(new FetchFailure('The address could not be looked up.', true));

    await expect(fetchMedia('http', { ...explained, resolve })).rejects.toMatchObject({
      code: 'MEDIA_FETCH_FAILED',
      retryable: true,
    });
    await expect(fetchMedia('http', { resolve })).rejects.toMatchObject({
      code: 'MEDIA_URL_REJECTED',
      retryable: false,
    });
  });

  it('do not pass: a certificate that nobody trusted has signed', async () => {
    server = await startMediaServer(
      (_, response) => response.end(IMAGE),
      createSelfSignedCertificate('media.test'),
    );

    await expect(fetchMedia('https', explained)).rejects.toMatchObject({
      retryable: false,
      publicMessage: expect.stringContaining('DEPTH_ZERO_SELF_SIGNED_CERT') as string,
    });
  });
});
