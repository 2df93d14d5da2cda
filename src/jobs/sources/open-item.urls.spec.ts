import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';

import {
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { openSourceItem, type OpenOptions } from './open-item.js';
import type { MediaLocation } from './source.js';

const FOX = readFileSync('samples/fox.png');
const VIDEO = readFileSync('samples/rocket-rises.mp4');
const INFO = {
  '@context': 'http://iiif.io/api/image/2/context.json',
  profile: ['http://iiif.io/api/image/2/level1.json'],
  width: 6_000,
  height: 4_000,
};

const temporary = createTemporaryFolder();
const scratch = temporary.path('scratch');

let server: MediaServer;
let base: string;
let answers: Record<string, Buffer | object | number>;

const serve: RequestListener = (request, response) => {
  const answer = answers[request.url ?? ''];
  if (answer === undefined || typeof answer === 'number') response.writeHead(answer ?? 404).end();
  else response.end(Buffer.isBuffer(answer) ? answer : JSON.stringify(answer));
};

beforeAll(async () => {
  mkdirSync(scratch);
  server = await startMediaServer(serve);
  base = `http://media.test:${server.port}`;
});

afterAll(async () => {
  await server.close();
  temporary.remove();
});

afterEach(() => expect(readdirSync(scratch)).toEqual([]));

/** The bytes, and the paths that were requested for them. */
async function read(location: MediaLocation, options: Partial<OpenOptions> = {}) {
  const before = server.requests.length;
  const opened = await openSourceItem(location, {
    policy: admitServer(server),
    uploadFolder: scratch,
    temporaryFolder: () => Promise.resolve(scratch),
    ...options,
  });
  try {
    const requested = server.requests.slice(before).map(({ url }) => url);
    return { bytes: readFileSync(opened.path), requested };
  } finally {
    await opened.dispose();
  }
}

function iiifImage(changes: Partial<Extract<MediaLocation, { kind: 'iiif-image' }>> = {}) {
  const defaults = { service: `${base}/iiif/1`, region: 'full', fallback: null };
  return { kind: 'iiif-image' as const, ...defaults, ...changes };
}

describe('openSourceItem with a URL', () => {
  it.each([
    ['an image', FOX],
    ['a video', VIDEO],
  ])('stores %s', async (_, content) => {
    answers = { '/a': content };

    const { bytes } = await read({ kind: 'url', url: `${base}/a` });

    expect(bytes.equals(content)).toBe(true);
  });

  it('rejects what is neither, and what the guard rejects', async () => {
    answers = { '/a': Buffer.from('<html>') };

    await expect(read({ kind: 'url', url: `${base}/a` })).rejects.toMatchObject({
      code: 'MEDIA_FETCH_FAILED',
    });
    await expect(read({ kind: 'url', url: 'http://127.0.0.1/a' })).rejects.toMatchObject({
      code: 'MEDIA_URL_REJECTED',
    });
    await expect(read({ kind: 'url', url: `${base}/a` }, { policy: null })).rejects.toMatchObject({
      code: 'MEDIA_URL_REJECTED',
      publicMessage: expect.stringContaining('Media URLs are off.') as string,
    });
  });
});

describe('openSourceItem with an image of the IIIF Image API', () => {
  it('asks for the size that the model needs', async () => {
    answers = { '/iiif/1/info.json': INFO, '/iiif/1/full/2304,/0/default.jpg': FOX };

    const { bytes, requested } = await read(iiifImage());

    expect(bytes.equals(FOX)).toBe(true);
    expect(requested).toEqual(['/iiif/1/info.json', '/iiif/1/full/2304,/0/default.jpg']);
  });

  it('asks for a region', async () => {
    answers = { '/iiif/1/info.json': INFO, '/iiif/1/0,0,900,800/full/0/default.jpg': FOX };

    const { bytes } = await read(iiifImage({ region: '0,0,900,800' }));

    expect(bytes.equals(FOX)).toBe(true);
  });

  it.each<[string, object]>([
    ['has no info.json', {}],
    ['has another info.json', { '/iiif/1/info.json': { protocol: 'x' } }],
    ['refuses the size', { '/iiif/1/info.json': INFO }],
  ])('fetches the published image where the server %s', async (_, given) => {
    answers = { ...given, '/1.jpg': FOX };

    const { bytes } = await read(iiifImage({ fallback: `${base}/1.jpg` }));

    expect(bytes.equals(FOX)).toBe(true);
    await expect(read(iiifImage())).rejects.toMatchObject({
      code: expect.stringMatching(/^(MEDIA_FETCH_FAILED|INVALID_REQUEST)$/) as string,
    });
  });

  it('asks a busy server for nothing else', async () => {
    answers = { '/iiif/1/info.json': INFO, '/iiif/1/full/2304,/0/default.jpg': 503, '/1.jpg': FOX };

    await expect(
      read(iiifImage({ fallback: `${base}/1.jpg` }), {
        policy: admitServer(server, { failures: 'explained' }),
      }),
    ).rejects.toMatchObject({ retryable: true, details: { status: 503 } });
  });

  it('follows no service to a private address', async () => {
    answers = {};

    await expect(
      read(iiifImage({ service: 'http://127.0.0.1/iiif', fallback: `${base}/1.jpg` })),
    ).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
  });
});
