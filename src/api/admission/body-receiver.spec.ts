import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ExpressAdapter } from '@nestjs/platform-express';
import type { ErrorRequestHandler, Express } from 'express';

import {
  MAX_BODY_MEMORY_PER_CLIENT_BYTES,
  MAX_JSON_BYTES,
  MAX_RECEIVING_PER_CLIENT,
} from '../../config/limits.js';
import type { SalamandraError } from '../../errors/salamandra-error.js';
import { poll } from '../../../test/setup/poll.js';
import { BodyReceiver } from './body-receiver.js';

const WINDOW_MS = 300;

let server: Server;
let receiver: BodyReceiver;
let port: number;

/** Answers with the error's code, or after `delayMs` with the number of bytes received. */
async function listen(delayMs = 0): Promise<void> {
  receiver = new BodyReceiver(WINDOW_MS);
  const app = new ExpressAdapter().getInstance<Express>();
  app.use(receiver.receive);
  app.use((incoming, response) => {
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
    incoming.once('end', () => setTimeout(() => response.send(`${bytes}`), delayMs));
  });
  const sendCode: ErrorRequestHandler = (error: SalamandraError, ...[, response]) => {
    response.status(400).send(error.code);
  };
  // Express tells error handlers by their four parameters.
  app.use(Object.defineProperty(sendCode, 'length', { value: 4 }));
  server = createServer(app as Parameters<typeof createServer>[1]);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Upload {
  write(bytes: number): void;
  end(): void;
  /** The text and the Connection header of the reply. */
  readonly reply: Promise<{ readonly text: string; readonly connection: string | undefined }>;
}

function upload(headers: Record<string, string> = {}, localAddress = '127.0.0.1'): Upload {
  const options = { port, host: '127.0.0.1', localAddress, method: 'POST', headers, agent: false };
  const outgoing = request(options);
  const reply = new Promise<{ text: string; connection: string | undefined }>((resolve) => {
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
      incoming.once('end', () => resolve({ text, connection: incoming.headers.connection }));
    });
    outgoing.on('error', () => resolve({ text: 'reset', connection: undefined }));
  });
  outgoing.write('x');
  return {
    write: (bytes) => void outgoing.write(Buffer.alloc(bytes)),
    end: () => void outgoing.end(),
    reply,
  };
}

describe('the rate of a body', () => {
  it('ends a request whose body stops arriving', async () => {
    await listen();
    const { write, reply } = upload();
    write(20_000);

    expect(await reply).toEqual({ text: 'REQUEST_TIMEOUT', connection: 'close' });
  });

  it('ends a request whose body arrives too slowly', async () => {
    await listen();
    const { write, reply } = upload();
    const drip = setInterval(() => write(10), 5);

    expect((await reply).text).toBe('REQUEST_TIMEOUT');
    clearInterval(drip);
  });

  it('has no limit on the total time of an upload that is fast enough', async () => {
    await listen();
    const { write, end, reply } = upload();
    for (let sent = 0; sent < 8; sent++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      write(20_000);
    }
    end();

    expect((await reply).text).toBe('160001');
  });

  it('ignores the time after the body was received', async () => {
    await listen(3 * WINDOW_MS);
    const { end, reply } = upload();
    end();

    expect((await reply).text).toBe('1');
  });
});

describe('the number of bodies', () => {
  it('limits those of one client, and admits another client', async () => {
    await listen();
    const open = Array.from({ length: MAX_RECEIVING_PER_CLIENT }, () => upload());
    await poll(async () => (await upload().reply.then(({ text }) => text)) === 'RATE_LIMITED');

    const other = upload({}, '127.0.0.2');
    other.end();
    expect((await other.reply).text).toBe('1');

    for (const { end } of open) end();
    await Promise.all(open.map(({ reply }) => reply));
    const next = upload();
    next.end();
    expect((await next.reply).text).toBe('1');
  });
});

describe('the memory of bodies', () => {
  it('limits the JSON of one client until its responses are sent', async () => {
    await listen();
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': String(MAX_JSON_BYTES),
    };
    const held = Math.floor(MAX_BODY_MEMORY_PER_CLIENT_BYTES / MAX_JSON_BYTES);
    const open = Array.from({ length: held }, () => upload(headers));
    await poll(() => Promise.resolve(receiver.heldBytes === held * MAX_JSON_BYTES));

    expect((await upload(headers).reply).text).toBe('RATE_LIMITED');
    expect((await upload(headers, '127.0.0.2').reply).text).not.toBe('RATE_LIMITED');
    for (const { write, end } of open) {
      write(MAX_JSON_BYTES - 1);
      end();
    }
    await Promise.all(open.map(({ reply }) => reply));
    await poll(() => Promise.resolve(receiver.heldBytes === 0));
  });
});
