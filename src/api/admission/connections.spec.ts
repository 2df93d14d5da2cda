import { createServer, get, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { poll } from '../../../test/setup/poll.js';
import { type ConnectionLimits, limitConnections } from './connections.js';

let server: Server;
let port: number;
let sockets: Socket[] = [];

async function listen(limits: Partial<ConnectionLimits>): Promise<void> {
  server = createServer((request, response) => {
    if (request.url === '/slow') return;
    response.end('ok');
  });
  limitConnections(server, limits);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
}

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server.closeAllConnections();
  server.close();
});

/** Opens a connection and resolves once the server has accepted or closed it. */
async function open(localAddress: string, text = ''): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined).resume();
  sockets.push(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  if (text) socket.write(text);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return socket;
}

function fetchFrom(localAddress: string): Promise<number | string> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', localAddress, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

const SLOW = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';

it('limits the connections of one client', async () => {
  await listen({ total: 100, perClient: 3 });
  for (let count = 0; count < 3; count++) await open('127.0.0.1', SLOW);

  expect(await fetchFrom('127.0.0.1')).toBe('ECONNRESET');
  expect(await fetchFrom('127.0.0.2')).toBe(200);
});

it('replaces the oldest silent connection of a client that has its share', async () => {
  await listen({ total: 100, perClient: 3 });
  const busy = await open('127.0.0.1', SLOW);
  const [oldest, newer] = [await open('127.0.0.1', 'GET /'), await open('127.0.0.1')];
  const other = await open('127.0.0.2');

  expect(await fetchFrom('127.0.0.1')).toBe(200);
  await poll(() => Promise.resolve(oldest.destroyed));
  expect([busy, newer, other].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
});

it('has no share for a trusted proxy', async () => {
  await listen({ perClient: 1, isTrustedProxy: (address) => address === '127.0.0.1' });
  for (let count = 0; count < 3; count++) await open('127.0.0.1', SLOW);

  expect(await fetchFrom('127.0.0.1')).toBe(200);
});

it('replaces the oldest silent connection of the client with the most when all are taken', async () => {
  await listen({ total: 4, perClient: 100 });
  const busy = await open('127.0.0.1', SLOW);
  const [oldest, newer] = [await open('127.0.0.1'), await open('127.0.0.1')];
  const other = await open('127.0.0.3');

  expect(await fetchFrom('127.0.0.2')).toBe(200);
  await poll(() => Promise.resolve(oldest.destroyed));
  expect([busy, newer, other].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
});

it('refuses a connection when all others have a request', async () => {
  await listen({ total: 2, perClient: 100 });
  await open('127.0.0.1', SLOW);
  await open('127.0.0.3', SLOW);

  expect(await fetchFrom('127.0.0.2')).toBe('ECONNRESET');
});

it('gives a place back when a connection ends', async () => {
  await listen({ total: 10, perClient: 1 });
  const first = await open('127.0.0.1', SLOW);
  expect(await fetchFrom('127.0.0.1')).toBe('ECONNRESET');

  first.destroy();
  await poll(async () => (await fetchFrom('127.0.0.1')) === 200);
});
