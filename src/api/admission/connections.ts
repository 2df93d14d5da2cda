import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import { MAX_CONNECTIONS, MAX_CONNECTIONS_PER_CLIENT } from '../../config/limits.js';
import { toClientAddress } from './client.js';

export interface ConnectionLimits {
  readonly total: number;
  readonly perClient: number;
  /** Whether an address is a trusted proxy, whose connections belong to many clients and have no common share. */
  readonly isTrustedProxy: (address: string) => boolean;
}

interface Connection {
  readonly socket: Socket;
  readonly client: string;
  /** Requests whose response has not ended. */
  requests: number;
  readonly openedMs: number;
}

/**
 * Limits the connections of a server: `perClient` from one address, `total` of all. Beyond a limit, a new connection
 * takes the place of the oldest one without a request: of its own client at `perClient`, of the client with the most of
 * them at `total`. Silent connections can therefore keep nobody out. If all have requests, the new one is closed.
 */
export function limitConnections(
  server: Server,
  {
    total = MAX_CONNECTIONS,
    perClient = MAX_CONNECTIONS_PER_CLIENT,
    isTrustedProxy = () => false,
  }: Partial<ConnectionLimits> = {},
): void {
  const clients = new Map<string, Set<Connection>>();
  const bySocket = new WeakMap<Socket, Connection>();
  let open = 0;

  server.on('connection', (socket) => {
    const client = toClientAddress(socket.remoteAddress);
    const own = clients.get(client) ?? new Set();
    const isOverShare = own.size >= perClient && !isTrustedProxy(client);
    const hasRoom =
      (!isOverShare || closeSilentConnection([own])) &&
      (open < total || closeSilentConnection([...clients.values()]));
    if (!hasRoom) {
      socket.destroy();
      return;
    }
    const connection: Connection = { socket, client, requests: 0, openedMs: performance.now() };
    bySocket.set(socket, connection);
    own.add(connection);
    clients.set(client, own);
    open += 1;
    socket.once('close', () => {
      forget(connection);
    });
  });
  server.on('request', (request, response) => {
    const connection = bySocket.get(request.socket);
    if (!connection) return;
    connection.requests += 1;
    response.once('close', () => (connection.requests -= 1));
  });

  /** Its place is free at once, not when the socket has closed. */
  function forget(connection: Connection): void {
    const own = clients.get(connection.client);
    if (!own?.delete(connection)) return;
    open -= 1;
    if (own.size === 0) clients.delete(connection.client);
  }

  /** Closes the oldest silent connection of the set that has the most. @returns whether there is one */
  function closeSilentConnection(sets: readonly ReadonlySet<Connection>[]): boolean {
    const [silent] = sets
      .map((connections) => [...connections].filter(({ requests }) => requests === 0))
      .filter((connections) => connections.length > 0)
      .sort((a, b) => b.length - a.length);
    const [oldest] = silent?.sort((a, b) => a.openedMs - b.openedMs) ?? [];
    if (!oldest) return false;
    forget(oldest);
    oldest.socket.destroy();
    return true;
  }
}
