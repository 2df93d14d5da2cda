import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { poll } from '../setup/poll.js';
import { listChildren } from '../setup/processes.js';
import { tinyVideo } from '../videos/tiny-video.js';
import { drawImage } from './draw-image.js';
import { openStream } from './open-stream.js';
import { postForm, postJson, type Service, startService } from './service.js';

jest.setTimeout(300_000);

let temporary: string;
let service: Service;
let captions: string;
let base64: string;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'salamandra-e2e-'));
  service = await startService({ TMPDIR: temporary });
  await service.waitUntilReady();
  captions = `${service.url}/v1/captions`;
  base64 = (await drawImage(300, 200)).toString('base64');
});

afterAll(async () => {
  expect(await service.stop()).toBe(0);
  // No uploaded file outlives the service.
  expect(readdirSync(temporary)).toEqual([]);
  await rm(temporary, { recursive: true });
});

/** Many seconds of work, at a temperature at which no answer ends early. */
const longWork = () => ({
  media: { base64 },
  languages: 'bg,ca,cs,cy,da,de,el,en,es,et,eu,fi,fr,ga,gl,hr,hu,it,lt,lv,mt,nl'.split(','),
  kind: ['caption', 'alt', 'long', 'keywords'],
  temperature: 2,
  max_tokens: 256,
});

describe('an event stream', () => {
  it('streams each caption in pieces, then whole', async () => {
    const stream = await openStream(captions, { media: { base64 }, languages: ['ca', 'es'] });
    await stream.ended();

    expect(stream.reply.statusCode).toBe(200);
    expect(stream.reply.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const events = stream.events();
    const names = events.map(({ event }) => event);
    expect(names[0]).toBe('media');
    expect(names.slice(-3)).toEqual(['caption', 'usage', 'done']);
    for (const language of ['ca', 'es']) {
      const own = events.filter(
        ({ data }) => (data as { language?: string }).language === language,
      );
      const texts = own.map(({ data }) => (data as { text: string }).text);
      // The last event has the whole text.
      expect(own.at(-1)?.event).toBe('caption');
      expect(texts.at(-1)).toBe(texts.slice(0, -1).join(''));
    }
  });

  it('stops decoding when the client disconnects', async () => {
    const stream = await openStream(captions, longWork());
    await poll(() => stream.text().includes('event: text-delta') || undefined);
    stream.leave();

    const startMs = Date.now();
    const next = await postJson(captions, { media: { base64 }, max_tokens: 2 });
    expect(next.status).toBe(200);
    expect(Date.now() - startMs).toBeLessThan(5_000);
  });

  it('ends with an error event if the worker dies', async () => {
    const stream = await openStream(captions, longWork());
    await poll(() => stream.text().includes('event: text-delta') || undefined);
    process.kill(listChildren(service.process.pid!)[0]!, 'SIGKILL');
    await stream.ended();

    expect(stream.reply.complete).toBe(true);
    expect(stream.events().at(-1)).toMatchObject({
      event: 'error',
      data: { status: 503, code: 'MODEL_NOT_READY', retryable: true },
    });
    await service.waitUntilReady();
  });
});

describe('uploads', () => {
  it('accept eight images and reject nine', async () => {
    const picture = await drawImage(60, 40);
    const files = (count: number) =>
      Array.from({ length: count }, (): [string, Uint8Array] => ['file', picture]);
    const fields = [
      ['question', 'How many?'],
      ['max_tokens', '4'],
    ] as const;
    const eight = await postForm(`${service.url}/v1/answers`, [...files(8), ...fields]);
    const nine = await postForm(`${service.url}/v1/answers`, [...files(9), ...fields]);

    expect(eight.status).toBe(200);
    expect(eight.body.media).toHaveLength(8);
    expect(nine.body).toMatchObject({ status: 413, code: 'TOO_MANY_PARTS' });
  });

  it('time out if the body does not arrive', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': '1000' };
      const call = request(captions, { method: 'POST', headers }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      });
      call.on('error', reject);
      call.write('{');
    });

    expect(status).toBe(408);
  });

  it('of videos are deleted when their clients disconnect', async () => {
    const { port } = new URL(captions);
    const head =
      'POST /v1/captions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n' +
      'Content-Type: multipart/form-data; boundary=b\r\n\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n';
    const sockets = Array.from({ length: 10 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(head);
      socket.write(tinyVideo(300_000));
      return socket;
    });
    const folder = await poll(() => readdirSync(temporary)[0]);
    const list = () => readdirSync(join(temporary, folder)).filter((name) => name !== 'lock');
    await poll(() => list().length === 10 || undefined);
    for (const socket of sockets) socket.destroy();

    await poll(() => list().length === 0 || undefined);
  });

  it('are deleted at the next start after a crash', async () => {
    const own = await mkdtemp(join(tmpdir(), 'salamandra-e2e-'));
    const crashing = await startService({ TMPDIR: own });
    await crashing.waitUntilReady();
    const socket = connect(Number(new URL(crashing.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST /v1/captions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n' +
        'Content-Type: multipart/form-data; boundary=b\r\n\r\n' +
        '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n',
    );
    socket.write(tinyVideo(300_000));
    const folder = join(own, await poll(() => readdirSync(own)[0]));
    // The lock file comes before the upload. A folder without one is a leftover only after two minutes.
    await poll(() => readdirSync(folder).length > 1 || undefined);
    crashing.process.kill('SIGKILL');
    await crashing.stop();
    expect(existsSync(folder)).toBe(true);

    const next = await startService({ TMPDIR: own });
    expect(readdirSync(own)).toEqual([]);
    await next.stop();
    await rm(own, { recursive: true });
  });
});

describe('pages of other sites', () => {
  it.each([
    ['by DNS rebinding', { Host: 'evil.example.org' }],
    ['from another origin', { Origin: 'https://evil.example.org' }],
    ['from an opaque origin', { Origin: 'null' }],
  ])('cannot send requests %s', async (_, headers) => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = request(captions, { method: 'POST', headers }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      });
      call.on('error', reject);
      call.end();
    });

    expect(status).toBe(403);
  });
});
