import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Request, Response } from 'express';

import { createUploadRateGuard } from './upload-rate.js';

const WINDOW_MS = 300;

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Posts through the guard, which answers 408 where Nest would; `send` gets the open request. */
async function post(send: (write: (bytes: number) => void, end: () => void) => void) {
  const guard = createUploadRateGuard(WINDOW_MS);
  server = createServer((incoming, response) => {
    guard(incoming as Request, response as Response, (error?: unknown) => {
      if (error !== undefined) response.writeHead(408).end((error as { code: string }).code);
      else incoming.resume().once('end', () => response.end('read'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return await new Promise<{ status?: number | undefined; connection?: string | undefined }>(
    (resolve, reject) => {
      const outgoing = request({ port, host: '127.0.0.1', method: 'POST' }, (reply) => {
        reply.resume();
        resolve({ status: reply.statusCode, connection: reply.headers.connection });
      });
      outgoing.on('error', reject);
      send(
        (bytes) => outgoing.write(Buffer.alloc(bytes)),
        () => outgoing.end(),
      );
    },
  );
}

it('ends a request whose body stops arriving', async () => {
  const reply = await post((write) => write(20_000));

  expect(reply).toEqual({ status: 408, connection: 'close' });
});

it('ends a request whose body arrives too slowly', async () => {
  let drip: NodeJS.Timeout | undefined;
  const reply = await post((write) => {
    drip = setInterval(() => write(10), 5);
  });
  clearInterval(drip);

  expect(reply.status).toBe(408);
});

it('has no limit on the total time of an upload that is fast enough', async () => {
  const reply = await post((write, end) => {
    let sent = 0;
    const flow = setInterval(() => {
      write(20_000);
      sent += 1;
      if (sent < 40) return;
      clearInterval(flow);
      end();
    }, 5);
  });

  expect(reply.status).toBe(200);
});

it('ignores the time after the body was received', async () => {
  const guard = createUploadRateGuard(5);
  server = createServer((incoming, response) => {
    guard(incoming as Request, response as Response, (error?: unknown) => {
      if (error !== undefined) response.writeHead(408).end();
      else incoming.resume().once('end', () => setTimeout(() => response.end(), 50));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const reply = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: 'x' });
  expect(reply.status).toBe(200);
});
