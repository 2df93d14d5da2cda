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
  /** Requests whose response has not ended. */
  requests: number;
  readonly openedMs: number;
}

/**
 * Limits the connections of a server: `perClient` from one address, and `total` of all. At the total, a new connection
 * takes the place of the oldest one without a request, of the client that has the most of them. Silent connections can
 * therefore not keep a new client out.
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
    if (isOverShare || (open >= total && !closeSilentConnection())) {
      socket.destroy();
      return;
    }
    const connection: Connection = { socket, requests: 0, openedMs: performance.now() };
    bySocket.set(socket, connection);
    own.add(connection);
    clients.set(client, own);
    open += 1;
    socket.once('close', () => {
      open -= 1;
      own.delete(connection);
      if (own.size === 0 && clients.get(client) === own) clients.delete(client);
    });
  });
  server.on('request', (request, response) => {
    const connection = bySocket.get(request.socket);
    if (!connection) return;
    connection.requests += 1;
    response.once('close', () => (connection.requests -= 1));
  });

  /** @returns whether a connection was closed. */
  function closeSilentConnection(): boolean {
    const silent = [...clients.values()]
      .map((connections) => [...connections].filter(({ requests }) => requests === 0))
      .filter((connections) => connections.length > 0)
      .sort((a, b) => b.length - a.length)[0];
    const [oldest] = silent?.sort((a, b) => a.openedMs - b.openedMs) ?? [];
    oldest?.socket.destroy();
    return oldest !== undefined;
  }
}
