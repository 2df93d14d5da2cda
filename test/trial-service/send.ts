import { type IncomingHttpHeaders, request } from 'node:http';

export interface Outgoing {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** The client, as an address of the loopback network. */
  readonly from?: string;
  readonly timeoutMs?: number;
}

export interface Answer {
  /** 0 if the connection ended without a response. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly ms: number;
}

/** Sends a request on a connection of its own. Never rejects. */
export function send(url: string, outgoing: Outgoing): Promise<Answer> {
  const { method, path, headers, body, from, timeoutMs = 300_000 } = outgoing;
  const startMs = performance.now();
  return new Promise((resolve) => {
    const end = (status: number, received: IncomingHttpHeaders, text: string) =>
      resolve({ status, headers: received, text, ms: performance.now() - startMs });
    const { hostname, port } = new URL(url);
    const message = request(
      {
        ...{ hostname, port, path, agent: false, timeout: timeoutMs, localAddress: from },
        ...{ method: method ?? (body === undefined ? 'GET' : 'POST') },
        headers: {
          ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
          ...headers,
        },
      },
      (response) => {
        const { statusCode = 0 } = response;
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => end(statusCode, response.headers, text));
        response.on('error', (error) => end(0, response.headers, error.message));
      },
    );
    message.on('error', (error) => end(0, {}, error.message));
    message.on('timeout', () => message.destroy(new Error('The trial gave up waiting.')));
    message.end(body);
  });
}

const BOUNDARY = 'trial-boundary';

/** A form with a file and text fields, as `body` and `headers` of `send`. */
export function form(
  file: Uint8Array,
  fields: Readonly<Record<string, string>> = {},
): Pick<Outgoing, 'body' | 'headers'> {
  const parts = Object.entries(fields).map(([name, value]) =>
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    ),
  );
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const body = Buffer.concat([
    ...parts,
    Buffer.from(head),
    file,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
  return { body, headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` } };
}

export function json(value: unknown): Pick<Outgoing, 'body' | 'headers'> {
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  return { body, headers: { 'Content-Type': 'application/json' } };
}

/** The code of a problem or of an error of OpenAI's API; undefined without one. */
export function codeOf({ text }: Answer): string | undefined {
  try {
    const body = JSON.parse(text) as { code?: string; error?: { code?: string } };
    return body.code ?? body.error?.code;
  } catch {
    return undefined;
  }
}

let fresh = 0;

/** The file with other bytes at its end, so that no cache has it. */
export function unseen(file: Uint8Array): Uint8Array {
  fresh += 1;
  return Buffer.concat([file, Buffer.from(`${process.pid} ${fresh}`)]);
}
