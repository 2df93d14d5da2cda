import { type IncomingMessage, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

export interface FakeProxy {
  readonly url: string;
  /** The hosts with ports of all proxied requests. */
  readonly passed: readonly string[];
  close(): Promise<void>;
}

/** Starts a forward proxy for absolute URLs and CONNECT tunnels. */
export async function startFakeProxy(): Promise<FakeProxy> {
  const passed: string[] = [];
  const server = createServer((incoming: IncomingMessage, outgoing) => {
    const url = new URL(incoming.url!);
    passed.push(url.host);
    const forwarded = request(
      url,
      { method: incoming.method!, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    forwarded.end();
  });
  server.on('connect', (incoming, socket) => {
    passed.push(incoming.url!);
    const [host, port] = incoming.url!.split(':');
    const tunnel = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on('error', () => socket.destroy());
    socket.on('error', () => tunnel.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
