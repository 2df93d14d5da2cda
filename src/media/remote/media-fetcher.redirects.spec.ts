import {
  admitServer,
  type MediaServer,
  startMediaServer,
} from '../../../test/http/media-server.js';
import { createSelfSignedCertificate } from '../../../test/http/self-signed-certificate.js';
import { createGuardedFetcher } from './media-fetcher.js';

const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const TARGET = {
  maxImageBytes: 1_000,
  maxVideoBytes: 1_000,
  store: () => Promise.reject(new Error('There is no video here.')),
};
const { signal } = new AbortController();

const servers: MediaServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(...options: Parameters<typeof startMediaServer>): Promise<MediaServer> {
  const server = await startMediaServer(...options);
  servers.push(server);
  return server;
}

/** `/n` redirects to `/n-1`, and `/0` is an image; elsewhere the location is what the query says. */
function startChain(status = 302): Promise<MediaServer> {
  return start(({ url = '' }, response) => {
    const location = url.startsWith('/?')
      ? decodeURIComponent(url.slice(2))
      : `/${Number(url.slice(1)) - 1}`;
    if (url === '/0') response.end(JPEG);
    else response.writeHead(status, { location, 'set-cookie': 'a=b' }).end('elsewhere');
  });
}

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('follows three of status %d', async (status) => {
    const server = await startChain(status);

    expect(
      await createGuardedFetcher(admitServer(server)).fetch(
        `http://media.test:${server.port}/3`,
        TARGET,
        signal,
      ),
    ).toMatchObject({ kind: 'image' });
    expect(server.requests.map((request) => request.url)).toEqual(['/3', '/2', '/1', '/0']);
    expect(server.requests.map((request) => request.headers.cookie)).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('rejects the fourth', async () => {
    const server = await startChain();

    await expect(
      createGuardedFetcher(admitServer(server)).fetch(
        `http://media.test:${server.port}/4`,
        TARGET,
        signal,
      ),
    ).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    expect(server.requests).toHaveLength(4);
  });

  it('leaves a loop', async () => {
    const server = await start((_, response) => {
      response.writeHead(302, { location: '/' }).end();
    });

    await expect(
      createGuardedFetcher(admitServer(server)).fetch(
        `http://media.test:${server.port}/`,
        TARGET,
        signal,
      ),
    ).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    expect(server.requests).toHaveLength(4);
  });

  it.each([
    'http://private.test:CANARY/',
    '//private.test:CANARY/0',
    'http://127.0.0.2:CANARY/',
    'http://[::1]:CANARY/',
    'http://user@media.test:CANARY/',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'gopher://media.test:CANARY/',
    'http://other.test:CANARY/',
    '/\\private.test:CANARY/',
    'http://media.test:1/',
  ])('does not follow one to %j', async (location) => {
    const canary = await startChain();
    const server = await startChain();
    const policy = {
      ...admitServer(server),
      ports: new Set([server.port, canary.port]),
      allowedDomains: ['media.test', 'private.test', '127.0.0.2', '[::1]'],
      resolve: (hostname: string) =>
        Promise.resolve([hostname === 'private.test' ? '127.0.0.2' : '127.0.0.1']),
    };
    const to = encodeURIComponent(location.replace('CANARY', String(canary.port)));

    await expect(
      createGuardedFetcher(policy).fetch(`http://media.test:${server.port}/?${to}`, TARGET, signal),
    ).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    expect(server.accepted).toBe(1);
    expect(canary.accepted).toBe(0);
  });

  it('checks the name again, so that a second answer counts', async () => {
    const server = await startChain();
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    const policy = admitServer(server, { resolve: () => Promise.resolve(answers.shift() ?? []) });

    await expect(
      createGuardedFetcher(policy).fetch(`http://media.test:${server.port}/1`, TARGET, signal),
    ).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    expect(server.accepted).toBe(1);
  });

  it('does not leave encryption', async () => {
    const certificate = createSelfSignedCertificate('media.test');
    const plain = await startChain();
    const encrypted = await start((_, response) => {
      response.writeHead(302, { location: `http://media.test:${plain.port}/0` }).end();
    }, certificate);
    const policy = admitServer(encrypted, {
      certificates: certificate.cert,
      ports: new Set([plain.port, encrypted.port]),
    });

    await expect(
      createGuardedFetcher(policy).fetch(`https://media.test:${encrypted.port}/`, TARGET, signal),
    ).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    expect(encrypted.requests).toHaveLength(1);
    expect(plain.accepted).toBe(0);
  });
});
