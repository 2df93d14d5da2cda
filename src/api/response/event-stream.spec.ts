import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { poll } from '../../../test/setup/poll.js';
import { type SseMessage, type StreamTimes, streamMessages } from './event-stream.js';

const LONG = 60_000;
const TIMES: StreamTimes = { firstEventMs: LONG, heartbeatMs: LONG, stallMs: LONG };

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Run {
  readonly reply: IncomingMessage;
  /** What `streamMessages` threw, when it ended. */
  readonly thrown: Promise<unknown>;
}

/** Serves one stream and asks for it. A failure before the first byte becomes status 418. */
async function run(source: AsyncIterable<SseMessage>, times: Partial<StreamTimes> = {}) {
  let settle: (error: unknown) => void;
  const thrown = new Promise<unknown>((resolve) => (settle = resolve));
  server = createServer((_request, response) => {
    const toErrorMessage = (error: unknown) => ({ event: 'error', data: String(error) });
    streamMessages(response, source, toErrorMessage, { ...TIMES, ...times }).then(
      () => settle(undefined),
      (error: unknown) => {
        response.writeHead(418).end();
        settle(error);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1' }, resolve).on('error', reject);
  });
  return { reply, thrown } satisfies Run;
}

async function text(reply: IncomingMessage): Promise<string> {
  reply.setEncoding('utf8');
  let all = '';
  for await (const chunk of reply) all += String(chunk);
  return all;
}

it('sends each message as an event, with one data line per line of text', async () => {
  const { reply, thrown } = await run(
    (async function* () {
      yield { event: 'a', data: '{"x":1}' };
      await Promise.resolve();
      yield { data: 'two\r\nlines\rmore\n' };
    })(),
  );

  expect(reply.statusCode).toBe(200);
  expect(reply.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
  });
  expect(await text(reply)).toBe(
    'event: a\ndata: {"x":1}\n\ndata: two\ndata: lines\ndata: more\ndata: \n\n',
  );
  expect(await thrown).toBeUndefined();
});

it('sends pings before the first message and between messages', async () => {
  let release: () => void = () => undefined;
  const { reply } = await run(
    (async function* () {
      await new Promise<void>((resolve) => (release = resolve));
      yield { data: 'late' };
    })(),
    { firstEventMs: 1, heartbeatMs: 5 },
  );

  expect(reply.statusCode).toBe(200);
  reply.setEncoding('utf8');
  let all = '';
  reply.on('data', (chunk) => (all += String(chunk)));
  await poll(() => all.startsWith(': ping\n\n: ping\n\n') || undefined);
  release();
  await poll(() => all.endsWith('\n\ndata: late\n\n') || undefined);
});

it('leaves the status to the caller if the source fails before the first message', async () => {
  const failure = new Error('no');
  const { reply, thrown } = await run(
    // eslint-disable-next-line require-yield -- it fails before it could
    (async function* (): AsyncGenerator<SseMessage> {
      await Promise.resolve();
      throw failure;
    })(),
  );

  expect(reply.statusCode).toBe(418);
  expect(await thrown).toBe(failure);
});

it('sends the error as the last message if the source fails later', async () => {
  const { reply, thrown } = await run(
    (async function* () {
      yield { data: '1' };
      await Promise.resolve();
      throw new Error('broken');
    })(),
  );

  expect(await text(reply)).toBe('data: 1\n\nevent: error\ndata: Error: broken\n\n');
  expect(await thrown).toBeUndefined();
});

it('ends the source when the client disconnects', async () => {
  let isEnded = false;
  const { reply, thrown } = await run(
    (async function* () {
      try {
        for (;;) {
          yield { data: 'x' };
          await sleep(1);
        }
      } finally {
        isEnded = true;
      }
    })(),
  );
  reply.destroy();

  expect(await thrown).toBeUndefined();
  await poll(() => isEnded || undefined);
});

it('requests messages at the speed of the client, and disconnects a client that receives nothing', async () => {
  let sent = 0;
  let isEnded = false;
  const data = 'x'.repeat(100_000);
  const { reply, thrown } = await run(
    (async function* () {
      try {
        for (; sent < 10_000; sent += 1) {
          await Promise.resolve();
          yield { data };
        }
      } finally {
        isEnded = true;
      }
    })(),
    { stallMs: 200 },
  );
  reply.pause();

  expect(await thrown).toBeUndefined();
  await poll(() => isEnded || undefined);
  // The buffers of the two sockets take some megabytes of the gigabyte.
  expect(sent).toBeLessThan(500);
});
