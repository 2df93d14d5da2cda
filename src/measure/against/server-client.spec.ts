import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { createSelfSignedCertificate } from '../../../test/http/self-signed-certificate.js';
import {
  connectToServer,
  parseBaseUrl,
  type ServerAddress,
  MAX_SERVER_REPLY_BYTES,
} from './server-client.js';

interface Received {
  readonly route: string;
  readonly key: string | undefined;
  readonly body: Record<string, unknown>;
}

const ANSWER = { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] };
const PROMPT = { kind: 'chat', messages: [{ role: 'user', content: 'Hello' }] } as const;

let server: Server;
let received: Received[];
/** Status and JSON body of a reply. */
let reply: (request: Received) => readonly [status: number, body: unknown];

beforeEach(async () => {
  received = [];
  server = await listen(createServer(respond));
});

afterEach(() => server.close());

const respond: RequestListener = (request, response) => {
  void readBody(request).then((body) => {
    const one = { route: request.url!, key: request.headers.authorization, body };
    received.push(one);
    const [status, content] =
      one.route === '/v1/models' ? [200, { data: [{ id: 'only' }] }] : reply(one);
    response.writeHead(status, status === 302 ? { Location: '/v1/elsewhere' } : {});
    response.end(typeof content === 'string' ? content : JSON.stringify(content));
  });
};

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString() || '{}') as Record<string, unknown>;
}

async function listen(one: Server): Promise<Server> {
  await new Promise<void>((resolve) => {
    one.listen(0, '127.0.0.1', resolve);
  });
  return one;
}

function connect(address: Partial<ServerAddress> = {}, signal = new AbortController().signal) {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return connectToServer({ url, apiKey: null, model: null, ...address }, signal);
}

describe('connectToServer', () => {
  it('asks the only model for a greedy answer with log-probabilities', async () => {
    reply = () => [200, ANSWER];
    const client = await connect({ apiKey: 'secret' });

    expect(client.model).toBe('only');
    expect(await client.complete(PROMPT, 24)).toMatchObject({ text: 'Hi', tokens: null });
    expect(received[1]).toEqual({
      route: '/v1/chat/completions',
      key: 'Bearer secret',
      body: {
        ...{ model: 'only', messages: PROMPT.messages, temperature: 0, top_p: 1, max_tokens: 24 },
        ...{ stream: false, logprobs: true, top_logprobs: 1, repetition_penalty: 1 },
        ...{ return_token_ids: true, return_tokens_as_token_ids: true },
      },
    });
  });

  it('completes raw texts', async () => {
    reply = () => [200, { choices: [{ text: ' world', finish_reason: 'length' }] }];
    const client = await connect();

    expect(await client.complete({ kind: 'text', prompt: 'Hello' }, 1)).toMatchObject({
      text: ' world',
    });
    expect(received[1]).toMatchObject({
      route: '/v1/completions',
      body: { prompt: 'Hello', logprobs: 1, max_tokens: 1 },
    });
  });

  it('leaves out the parameters that the server rejects, and remembers it', async () => {
    reply = ({ body }) =>
      'repetition_penalty' in body ? [422, { detail: 'Unexpected fields' }] : [200, ANSWER];
    const client = await connect();
    await client.complete(PROMPT, 24);
    await client.complete(PROMPT, 24);

    const sent = received.slice(1).map(({ body }) => Object.keys(body).filter(isExtension));
    expect(sent).toEqual([
      ['repetition_penalty', 'return_token_ids', 'return_tokens_as_token_ids'],
      ['repetition_penalty'],
      [],
      [],
    ]);
  });

  it.each([
    [400, { error: { message: 'Too many\ntokens.' } }, 'INVALID_REQUEST', '"Too many tokens."'],
    [401, { error: { message: 'No key' } }, 'UNAUTHENTICATED', 'Set OPENAI_API_KEY'],
    [403, '', 'FORBIDDEN', 'denies access'],
    [404, { message: 'unknown' }, 'MODEL_NOT_FOUND', '"unknown"'],
    [429, '', 'RATE_LIMITED', 'request rate'],
    [500, 'Oh \u001b[31mno', 'SERVER_UNAVAILABLE', '"Oh ?[31mno"'],
    [302, '', 'SERVER_UNAVAILABLE', 'redirects'],
    [200, 'not JSON', 'SERVER_UNAVAILABLE', 'not JSON'],
    [200, { choices: 3 }, 'SERVER_UNAVAILABLE', "OpenAI's format"],
    [200, ' '.repeat(MAX_SERVER_REPLY_BYTES + 1), 'SERVER_UNAVAILABLE', 'larger than'],
  ])('reports HTTP %i', async (status, body, code, message) => {
    reply = () => [status, body];
    const client = await connect();

    await expect(client.complete(PROMPT, 24)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });

  it('lists the models if the wanted one is missing', async () => {
    await expect(connect({ model: 'other' })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('"other". It lists: "only"') as string,
    });
  });

  it('reports a server that is not running, and one that is not trusted', async () => {
    const gone = await listen(createServer());
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await expect(connect({ url: `http://127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });

    const tls = await listen(createTlsServer(createSelfSignedCertificate('localhost'), respond));
    const { port: tlsPort } = tls.address() as AddressInfo;
    await expect(connect({ url: `https://127.0.0.1:${tlsPort}` })).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS') as string,
    });
    tls.close();
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    const client = await connect({}, abort.signal);
    reply = () => {
      abort.abort(new Error('stopped'));
      return [200, ANSWER];
    };

    await expect(client.complete(PROMPT, 24)).rejects.toThrow('stopped');
  });
});

describe('parseBaseUrl', () => {
  it.each([
    ['http://localhost:8000', 'http://localhost:8000/v1'],
    ['https://host/openai/v1/', 'https://host/openai/v1'],
    ['http://host/proxy', 'http://host/proxy/v1'],
  ])('completes %s', (text, url) => {
    expect(parseBaseUrl(text)).toBe(url);
  });

  it.each(['localhost:8000', 'ftp://host', 'http://user:word@host', 'http://host?key=1', ''])(
    'rejects "%s"',
    (text) => {
      expect(() => parseBaseUrl(text)).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
      );
    },
  );
});

function isExtension(name: string): boolean {
  return name === 'repetition_penalty' || name.startsWith('return_');
}
