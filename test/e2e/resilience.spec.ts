import { jest } from '@jest/globals';
import sharp from 'sharp';

import { poll } from '../setup/poll.js';
import { isAlive, listChildren } from '../setup/processes.js';
import { openStream } from './open-stream.js';
import { postForm, type Service, startService } from './service.js';

jest.setTimeout(300_000);

let service: Service;
let captions: string;
let picture: Buffer;

beforeEach(async () => {
  service = await startService();
  captions = `${service.url}/v1/captions`;
  picture = await sharp({ create: { width: 300, height: 300, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
});

afterEach(() => {
  service.process.kill('SIGKILL');
});

/** 26 languages in four kinds, at a temperature at which no answer ends early: many seconds of work. */
const LONG_WORK = [
  ['languages', 'bg,ca,cs,cy,da,de,el,en,es,et,eu,fi,fr,ga,gl,hr,hu,it,lt,lv,mt,nl,nn,no,oc,pl'],
  ['kind', 'caption,alt,long,keywords'],
  ['temperature', '2'],
  ['max_tokens', '256'],
] as const;

const caption = () =>
  postForm(captions, [
    ['file', picture],
    ['max_tokens', '2'],
  ]);

it('answers health checks while the model loads, and 503 to everything else', async () => {
  const ready = await fetch(`${service.url}/health/ready`);
  const live = await fetch(`${service.url}/health/live`);
  const early = await caption();

  expect(live.status).toBe(200);
  expect(ready.status).toBe(503);
  expect(ready.headers.get('Retry-After')).toMatch(/^\d+$/);
  expect(early.body).toMatchObject({ status: 503, code: 'MODEL_NOT_READY', retryable: true });

  await service.waitUntilReady();
  expect((await caption()).status).toBe(200);
  expect(await service.stop()).toBe(0);
});

it('stops the work of a client that disconnects', async () => {
  await service.waitUntilReady();
  const abort = new AbortController();
  const long = postForm(captions, [['file', picture], ...LONG_WORK], { signal: abort.signal });
  setTimeout(() => abort.abort(), 1_500);
  await expect(long).rejects.toThrow();

  const startMs = Date.now();
  expect((await caption()).status).toBe(200);
  expect(Date.now() - startMs).toBeLessThan(5_000);
});

it('restarts the inference worker after a crash, and answers the lost request with an error', async () => {
  await service.waitUntilReady();
  const lost = await openStream(captions, {
    ...{ media: { base64: picture.toString('base64') }, languages: ['ca', 'es', 'en', 'fr'] },
    ...{ kind: ['caption', 'long'], temperature: 2, max_tokens: 512 },
  });
  const [worker] = listChildren(service.process.pid!);
  // A request that has not started is not lost: the next worker takes it.
  await poll(() => lost.text().includes('event: media') || undefined);
  process.kill(worker!, 'SIGKILL');
  await lost.ended();

  expect(lost.events().at(-1)).toMatchObject({
    event: 'error',
    data: { status: 503, code: 'MODEL_NOT_READY', retryable: true },
  });
  await service.waitUntilReady();
  expect((await caption()).status).toBe(200);
});

it('restarts the media worker after a crash', async () => {
  await service.waitUntilReady();
  const [worker] = listChildren(service.process.pid!);
  const [mediaWorker] = listChildren(worker!);
  process.kill(mediaWorker!, 'SIGKILL');
  await poll(() => !isAlive(mediaWorker!) || undefined);

  expect((await caption()).status).toBe(200);
});

it('leaves no child process behind when it is killed', async () => {
  await service.waitUntilReady();
  const [worker] = listChildren(service.process.pid!);
  const family = [worker!, ...listChildren(worker!)];
  expect(family.length).toBeGreaterThan(1);
  service.process.kill('SIGKILL');

  await poll(() => family.every((pid) => !isAlive(pid)) || undefined, 10_000);
});

it('finishes active requests on SIGTERM', async () => {
  await service.waitUntilReady();
  const [worker] = listChildren(service.process.pid!);
  const running = await openStream(captions, {
    media: { base64: picture.toString('base64') },
    ...{ languages: ['ca', 'es', 'en'], kind: ['long'], temperature: 2, max_tokens: 256 },
  });
  // The worker is stopped in the middle of the request, so that the request cannot end before the signal arrives.
  await poll(() => running.text().includes('event: text-delta') || undefined);
  process.kill(worker!, 'SIGSTOP');
  const exited = service.stop();
  try {
    await poll(() => service.output().includes('stopping') || undefined);
    expect(running.events().map(({ event }) => event)).not.toContain('done');
  } finally {
    process.kill(worker!, 'SIGCONT');
  }

  await running.ended();
  const names = running.events().map(({ event }) => event);
  expect(names.filter((name) => name === 'caption')).toHaveLength(3);
  expect(names.at(-1)).toBe('done');
  expect(await exited).toBe(0);
});
