import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';

import {
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import type { FetchTimes } from './ssrf-guard.js';
import { createGuardedFetcher, type FetchedMedia } from './media-fetcher.js';

type FetchedImage = Extract<FetchedMedia, { readonly bytes: Uint8Array }>;

const JPEG_START = Buffer.from('ffd8ffe000104a464946', 'hex');
const VIDEO_START = Buffer.from('1a45dfa3', 'hex');
const MAX_IMAGE_BYTES = 100_000;
const MAX_VIDEO_BYTES = 1_000_000;
/** Bytes that the socket buffers of both sides may hold. */
const SOCKET_BUFFERS = 16_000_000;

/** Either too long to be reached on a busy machine, or short enough to be always reached. */
const LONG = 60_000;
const SHORT = 50;
const PATIENT: FetchTimes = { connectMs: LONG, headersMs: LONG, bodyMs: LONG, windowMs: LONG };

let folder: string;
let server: MediaServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-fetch-'));
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function store(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const path = join(folder, 'video');
  await writeFile(path, chunks);
  return path;
}

async function fetchFrom(
  listener: RequestListener,
  times: Partial<FetchTimes> = {},
  { signal } = new AbortController(),
) {
  server = await startMediaServer(listener);
  const policy = admitServer(server, { times: { ...PATIENT, ...times } });
  const target = {
    maxImageBytes: MAX_IMAGE_BYTES,
    maxVideoBytes: MAX_VIDEO_BYTES,
    store,
  };
  return createGuardedFetcher(policy).fetch(`http://media.test:${server.port}/`, target, signal);
}

/** Writes until the client closes the connection. */
function writeForever(response: ServerResponse, chunk: Buffer): void {
  const write = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', write);
  write();
}

/** `length` bytes that begin like a file of some format. Each 251 bytes repeat, so that a lost chunk shows. */
function bodyOf(start: Buffer, length: number): Buffer {
  const rest = Buffer.from(Uint8Array.from({ length: length - start.length }, (_, i) => i % 251));
  return Buffer.concat([start, rest]);
}

async function waitUntilClosed(): Promise<void> {
  for (const connection of server.connections) {
    await new Promise((resolve) => connection.once('close', resolve));
  }
}

const TOO_LARGE = { code: 'PAYLOAD_TOO_LARGE' };
const FAILED = {
  code: 'MEDIA_FETCH_FAILED',
  publicMessage:
    'The media URL returned no image or video within the time limits (connection 3 s, headers 5 s, body 30 s). Check the URL, or send the file itself.',
  details: undefined,
};

describe('the size of a body', () => {
  it('returns every byte of an image of exactly the limit', async () => {
    const body = bodyOf(JPEG_START, MAX_IMAGE_BYTES);
    const media = await fetchFrom((_, response) => response.end(body));

    expect(media.kind).toBe('image');
    expect(body.equals((media as FetchedImage).bytes)).toBe(true);
  });

  it('writes every byte of a video of exactly the limit to its file', async () => {
    const body = bodyOf(VIDEO_START, MAX_VIDEO_BYTES);
    const path = join(folder, 'video');

    expect(await fetchFrom((_, response) => response.end(body))).toEqual({ kind: 'video', path });
    expect(body.equals(await readFile(path))).toBe(true);
  });

  it.each([
    ['image', JPEG_START, MAX_IMAGE_BYTES],
    ['video', VIDEO_START, MAX_VIDEO_BYTES],
  ])(
    'rejects %ss one byte above the limit, with and without Content-Length',
    async (_, start, limit) => {
      const body = Buffer.concat([start, Buffer.alloc(limit - start.length + 1)]);
      const rejection = { ...TOO_LARGE, details: { max_bytes: limit } };

      await expect(fetchFrom((_request, response) => response.end(body))).rejects.toMatchObject(
        rejection,
      );
      await server.close();
      await expect(
        fetchFrom((_request, response) => {
          response.write(body.subarray(0, 500));
          response.end(body.subarray(500));
        }),
      ).rejects.toMatchObject(rejection);
    },
  );

  it('stops an endless image', async () => {
    const fetched = fetchFrom((_, response) => {
      response.write(JPEG_START);
      writeForever(response, Buffer.alloc(65_536));
    });

    await expect(fetched).rejects.toMatchObject(TOO_LARGE);
    await waitUntilClosed();
    expect(server.bytesWritten).toBeLessThan(MAX_IMAGE_BYTES + SOCKET_BUFFERS);
  });

  it('stops an endless video, and limits its file', async () => {
    const fetched = fetchFrom((_, response) => {
      response.write(VIDEO_START);
      writeForever(response, Buffer.alloc(65_536));
    });

    await expect(fetched).rejects.toMatchObject(TOO_LARGE);
    await waitUntilClosed();
    expect(server.bytesWritten).toBeLessThan(MAX_VIDEO_BYTES + SOCKET_BUFFERS);
    expect((await stat(join(folder, 'video'))).size).toBeLessThanOrEqual(MAX_VIDEO_BYTES);
  });

  it('reads nothing of a body that declares 10 GB', async () => {
    const fetched = fetchFrom((_, response) => {
      response.writeHead(200, { 'content-length': '10000000000' }).write(VIDEO_START);
    });

    await expect(fetched).rejects.toMatchObject({ ...TOO_LARGE });
    await waitUntilClosed();
  });

  it('rejects an image with the Content-Length of a video before downloading it', async () => {
    const fetched = fetchFrom((_, response) => {
      response.writeHead(200, { 'content-length': MAX_VIDEO_BYTES });
      response.write(Buffer.concat([JPEG_START, Buffer.alloc(500)]));
    });

    await expect(fetched).rejects.toMatchObject(TOO_LARGE);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    [
      'br',
      (data: Buffer) =>
        brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
    ],
  ])('counts what %s unpacks to', async (encoding, compress) => {
    const bomb = compress(Buffer.concat([VIDEO_START, Buffer.alloc(20_000_000)]));
    expect(bomb.length).toBeLessThan(MAX_IMAGE_BYTES);
    const fetched = fetchFrom((_, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb);
    });

    await expect(fetched).rejects.toMatchObject(TOO_LARGE);
    expect((await stat(join(folder, 'video'))).size).toBeLessThanOrEqual(MAX_VIDEO_BYTES);
  });
});

describe('the time of a response', () => {
  const drip: RequestListener = (_, response) => {
    response.write(JPEG_START);
    const timer = setInterval(() => response.write('.'), 5);
    response.on('close', () => clearInterval(timer));
  };

  it('ends a body below the least speed', async () => {
    await expect(fetchFrom(drip, { windowMs: SHORT })).rejects.toMatchObject(FAILED);
    await waitUntilClosed();
  });

  it('aborts a video below the minimum rate', async () => {
    const fetched = fetchFrom(
      (_, response) => response.write(Buffer.concat([VIDEO_START, Buffer.alloc(500)])),
      {
        windowMs: SHORT,
      },
    );
    await expect(fetched).rejects.toMatchObject(FAILED);
  });

  it('ends a body after its time', async () => {
    await expect(fetchFrom(drip, { bodyMs: SHORT })).rejects.toMatchObject(FAILED);
    await waitUntilClosed();
  });

  it('ends without headers', async () => {
    await expect(fetchFrom(() => undefined, { headersMs: SHORT })).rejects.toMatchObject(FAILED);
  });

  it('ends with headers that drip', async () => {
    const fetched = fetchFrom(
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => socket.write('a: b\r\n'), 5);
        socket.on('close', () => clearInterval(timer));
      },
      { headersMs: SHORT, connectMs: SHORT },
    );
    await expect(fetched).rejects.toMatchObject(FAILED);
  });

  it('ends with headers that are never the last', async () => {
    const fetched = fetchFrom(
      ({ socket }) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 5);
        socket.on('close', () => clearInterval(timer));
      },
      { headersMs: SHORT },
    );
    await expect(fetched).rejects.toMatchObject(FAILED);
  });

  it('ends with a name that never resolves', async () => {
    server = await startMediaServer(() => undefined);
    const policy = admitServer(server, {
      resolve: () => new Promise(() => undefined),
      times: { ...PATIENT, connectMs: SHORT },
    });
    const target = {
      maxImageBytes: 1,
      maxVideoBytes: 1,
      store,
    };
    const { signal } = new AbortController();

    await expect(
      createGuardedFetcher(policy).fetch(`http://media.test:${server.port}/`, target, signal),
    ).rejects.toMatchObject(FAILED);
    expect(server.accepted).toBe(0);
  });

  it('ends when the caller leaves, with the reason of its signal', async () => {
    const abort = new AbortController();
    const reason = new Error('left');
    const fetched = fetchFrom(
      (_, response) => {
        response.write(Buffer.concat([VIDEO_START, Buffer.alloc(500)]));
        abort.abort(reason);
      },
      {},
      abort,
    );

    await expect(fetched).rejects.toBe(reason);
    await waitUntilClosed();
  });
});
