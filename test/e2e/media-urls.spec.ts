import { jest } from '@jest/globals';

import { type MediaServer, startMediaServer } from '../http/media-server.js';
import { expectProblem, postJson, type Reply, type Service, startService } from './service.js';

jest.setTimeout(300_000);

/** Serves an image on every address of this machine. No request may reach it. */
let canary: MediaServer;
let service: Service;

beforeEach(async () => {
  canary = await startMediaServer((_, response) => response.end(Buffer.from('ffd8ff', 'hex')));
});

afterEach(async () => {
  expect(await service.stop()).toBe(0);
  await canary.close();
});

async function start(env: Record<string, string>): Promise<void> {
  service = await startService(env);
  await service.waitUntilReady();
}

function caption(url: string): Promise<Reply> {
  return postJson(`${service.url}/v1/captions`, { media: { url } });
}

it('fetches no URL unless the operator allows it, and says which setting does', async () => {
  await start({});
  const reply = await caption(`http://127.0.0.1:${canary.port}/`);

  expectProblem(reply, 422, 'MEDIA_URL_REJECTED');
  expect(reply.body).toHaveProperty(
    'detail',
    'Media URLs are off. Send the file itself, or ask the operator to set SALAMANDRA_MEDIA_URLS=on.',
  );
  expect(canary.accepted).toBe(0);
});

it('never fetches from a private address, even one on the list of allowed domains', async () => {
  await start({
    SALAMANDRA_MEDIA_URLS: 'on',
    SALAMANDRA_MEDIA_DOMAINS: 'localhost,127.0.0.1,.test',
  });
  const authority = new URL(service.url).host;
  const urls = [
    `http://127.0.0.1:${canary.port}/`,
    `http://localhost:${canary.port}/`,
    // The port of the service, and ports that the configuration allows.
    `http://${authority}/v1/models`,
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost/',
    'http://169.254.169.254/latest/meta-data/',
    'http://media.test/',
    'https://example.org/',
    'file:///etc/passwd',
  ];
  const details = new Set<unknown>();
  for (const url of urls) {
    const reply = await caption(url);
    expectProblem(reply, 422, 'MEDIA_URL_REJECTED');
    details.add((reply.body as unknown as { detail: string }).detail);
  }

  expect(details.size).toBe(1);
  expect(canary.accepted).toBe(0);
});
