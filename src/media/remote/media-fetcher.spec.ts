import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import {
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import { createSelfSignedCertificate } from '../../../test/http/self-signed-certificate.js';
import { createGuardedFetcher, createMediaFetcher } from './media-fetcher.js';

/** Only the signatures are valid: the fetcher does not decode. */
const JPEG = Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), Buffer.alloc(1_000, 7)]);
const VIDEO = Buffer.concat([Buffer.from('1a45dfa3', 'hex'), Buffer.alloc(300_000, 9)]);

let folder: string;
let server: MediaServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-fetch-'));
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

function target() {
  return {
    maxImageBytes: 100_000,
    maxVideoBytes: 1_000_000,
    async store(chunks: AsyncIterable<Uint8Array>) {
      const path = join(folder, 'video');
      await writeFile(path, chunks);
      return path;
    },
  };
}

const { signal } = new AbortController();

async function serve(listener: RequestListener): Promise<(path: string) => string> {
  const started = await startMediaServer(listener);
  server = started;
  return (path) => `http://media.test:${started.port}${path}`;
}

function send(body: Buffer, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => {
    response.writeHead(200, headers).end(body);
  };
}

function fetchFromServer(url: string) {
  return createGuardedFetcher(admitServer(server!)).fetch(url, target(), signal);
}

describe('createMediaFetcher', () => {
  it('rejects every URL while it is off, and says how to switch it on', async () => {
    await expect(
      createMediaFetcher('off').fetch('http://93.184.216.34/', target(), signal),
    ).rejects.toMatchObject({
      code: 'MEDIA_URL_REJECTED',
      publicMessage:
        'Media URLs are off. Send the file itself, or ask the operator to set SALAMANDRA_MEDIA_URLS=on.',
    });
  });

  it('reaches no address of this machine when it is on, even one on the list of domains', async () => {
    const url = await serve(send(JPEG));
    const { port } = new URL(url('/'));

    for (const allowedDomains of [null, ['127.0.0.1', 'localhost']]) {
      const fetcher = createMediaFetcher({ allowedDomains });
      for (const host of ['127.0.0.1', 'localhost', `127.0.0.1:${port}`, `localhost:${port}`]) {
        await expect(fetcher.fetch(`http://${host}/`, target(), signal)).rejects.toMatchObject({
          code: 'MEDIA_URL_REJECTED',
        });
      }
    }
    expect(server?.accepted).toBe(0);
  });
});

describe('createGuardedFetcher', () => {
  it('returns an image in memory', async () => {
    const url = await serve(send(JPEG, { 'content-type': 'text/html' }));

    expect(await fetchFromServer(url('/a.jpg?b=c#d'))).toEqual({ kind: 'image', bytes: JPEG });
    expect(server?.requests[0]?.url).toBe('/a.jpg?b=c');
    expect(await readdir(folder)).toEqual([]);
  });

  it('stores a video in a file', async () => {
    const url = await serve(send(VIDEO, { 'content-type': 'image/jpeg' }));

    expect(await fetchFromServer(url('/'))).toEqual({ kind: 'video', path: join(folder, 'video') });
    expect(readFileSync(join(folder, 'video')).equals(VIDEO)).toBe(true);
  });

  it('needs neither a type nor a length, nor more than one byte at a time', async () => {
    const url = await serve((_, response) => {
      response.socket?.setNoDelay(true);
      for (const byte of JPEG.subarray(0, 300)) response.write(Buffer.of(byte));
      response.end();
    });

    expect(await fetchFromServer(url('/'))).toEqual({
      kind: 'image',
      bytes: JPEG.subarray(0, 300),
    });
  });

  it('sends nothing that could identify anyone, and asks for no compression', async () => {
    const url = await serve(send(JPEG, { 'set-cookie': 'session=1' }));
    await fetchFromServer(url('/'));
    await fetchFromServer(url('/'));

    expect(server!.requests).toHaveLength(2);
    for (const request of server!.requests) {
      expect(request.method).toBe('GET');
      expect(request.headers).toEqual({
        host: `media.test:${server!.port}`,
        connection: 'close',
        accept: 'image/*, video/*',
        'accept-encoding': 'identity',
        'user-agent': 'visual-salamandra',
      });
    }
    expect(server?.accepted).toBe(2);
  });

  it('takes no proxy from the environment', async () => {
    const url = await serve(send(JPEG));
    const proxy = await startMediaServer(send(VIDEO));
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'NODE_USE_ENV_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = `http://127.0.0.1:${proxy.port}`;
    try {
      expect(await fetchFromServer(url('/'))).toMatchObject({ kind: 'image' });
      expect(proxy.accepted).toBe(0);
    } finally {
      names.forEach((name, index) => {
        const value = before[index];
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      });
      await proxy.close();
    }
  });

  it.each(['gzip', 'x-gzip', 'GZIP'])(
    'decompresses %s that it did not ask for',
    async (encoding) => {
      const url = await serve(send(gzipSync(JPEG), { 'content-encoding': encoding }));

      expect(await fetchFromServer(url('/'))).toEqual({ kind: 'image', bytes: JPEG });
    },
  );

  it('speaks TLS with a server that a trusted authority vouches for', async () => {
    const certificate = createSelfSignedCertificate('media.test');
    server = await startMediaServer(send(JPEG), certificate);
    const url = `https://media.test:${server.port}/`;
    const policy = admitServer(server, { certificates: certificate.cert });

    expect(await createGuardedFetcher(policy).fetch(url, target(), signal)).toMatchObject({
      kind: 'image',
    });
  });

  it('leaves no connection open', async () => {
    const url = await serve(send(JPEG, { connection: 'keep-alive' }));
    await fetchFromServer(url('/'));

    const [open] = server!.connections;
    if (open) await new Promise((resolve) => open.once('close', resolve));
    expect(server?.connections.size).toBe(0);
  });
});
