import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';

import { createPublicPolicy, type FetchPolicy } from '../../src/media/remote/ssrf-guard.js';

/** The only address that the fetch policies of these tests allow. */
export const ADMITTED = '127.0.0.1';

export interface MediaServer {
  readonly port: number;
  /** Accepted TCP connections, including those without a complete request. */
  readonly accepted: number;
  readonly requests: readonly IncomingMessage[];
  /** Open connections. */
  readonly connections: ReadonlySet<Socket>;
  /** Response bytes passed to the kernel, over all connections. */
  readonly bytesWritten: number;
  close(): Promise<void>;
}

/** Starts a server on every local address, including IPv6 if available. */
export async function startMediaServer(
  listener: RequestListener,
  certificate?: { key: string; cert: string },
): Promise<MediaServer> {
  const requests: IncomingMessage[] = [];
  const all: Socket[] = [];
  const connections = new Set<Socket>();
  const handle: RequestListener = (request, response) => {
    requests.push(request);
    // The fetcher closes connections in the middle of a response on purpose.
    response.on('error', () => undefined);
    listener(request, response);
  };
  const server = certificate ? createTlsServer(certificate, handle) : createServer(handle);
  server.on('connection', (socket: Socket) => {
    all.push(socket);
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  await listen(server, '::').catch(() => listen(server, '0.0.0.0'));
  return {
    port: (server.address() as AddressInfo).port,
    get accepted() {
      return all.length;
    },
    requests,
    connections,
    get bytesWritten() {
      return all.reduce((sum, socket) => sum + socket.bytesWritten, 0);
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
}

/** The policy of the service, with every name resolving to ADMITTED, which is allowed, and the server's port. */
export function admitServer(server: MediaServer, changes: Partial<FetchPolicy> = {}): FetchPolicy {
  return {
    ...createPublicPolicy(null),
    ports: new Set([server.port]),
    resolve: () => Promise.resolve([ADMITTED]),
    allowsAddress: (address) => address === ADMITTED,
    ...changes,
  };
}
