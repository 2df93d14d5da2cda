import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

import { poll } from '../setup/poll.js';

/** Less than the limit of the specs' hooks, which would end the wait without a reason. */
const START_LIMIT_MS = 50_000;

const MAIN = join(import.meta.dirname, '../../dist/main.js');

/** The built server in a child process, on a free port. */
export interface Service {
  readonly url: string;
  readonly process: ChildProcess;
  /** The text that the server printed so far. */
  output(): string;
  waitUntilReady(): Promise<void>;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number | null>;
}

/**
 * Starts the server and waits until it listens. The model may still be loading.
 *
 * @param entry the main module.
 */
export async function startService(
  env: Record<string, string> = {},
  entry = MAIN,
): Promise<Service> {
  const child = spawn(process.execPath, [entry], {
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });

  /** Polls, and fails with the server's output: a timeout alone does not tell the cause. */
  async function wait<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    try {
      return await poll(async () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error('It exited.');
        return await ask();
      }, START_LIMIT_MS);
    } catch (error) {
      throw new Error(`The server did not start. ${String(error)}\n${output}`, { cause: error });
    }
  }

  const url = await wait(() => /listening on (http:\S+)/.exec(output)?.[1]);
  return {
    url,
    process: child,
    output: () => output,
    async waitUntilReady() {
      let body = '';
      await wait(async () => {
        const response = await fetch(`${url}/health/ready`);
        body = await response.text();
        return response.ok || undefined;
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}\nLast answer of /health/ready: ${body}`, {
          cause: error,
        });
      });
    },
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReplyBody;
}

interface TextReply {
  readonly id: string;
  readonly language: string;
  readonly kind: string;
  readonly text: string;
  readonly finish_reason: string;
  readonly usage: Record<'prompt_tokens' | 'image_tokens' | 'completion_tokens', number>;
}

type MediaReply = Record<'width' | 'height' | 'tiles' | 'visual_tokens', number>;

/** The fields of all responses. A response has some of them. */
interface ReplyBody {
  readonly id: string;
  /** One item for captions, a list for answers. */
  readonly media: MediaReply & readonly MediaReply[];
  readonly results: TextReply[];
  readonly answers: TextReply[];
  readonly timings: Record<'total_ms' | 'first_token_ms', number>;
  readonly requestId: string;
  readonly parameters: Record<'context_length' | 'text_tokens', number>;
  readonly object: string;
  readonly data: { readonly revision: string }[];
}

/** Sends a GET request and parses the JSON response. */
export async function getJson(url: string): Promise<Reply> {
  return await toReply(await fetch(url));
}

/** Posts a form: a Uint8Array becomes a file, a string a text field. */
export async function postForm(
  url: string,
  fields: readonly (readonly [string, string | Uint8Array])[],
  init: RequestInit = {},
): Promise<Reply> {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), 'picture');
  }
  return await toReply(await fetch(url, { ...init, method: 'POST', body: form }));
}

/** Posts JSON. A string is sent unchanged. */
export async function postJson(url: string, body: unknown): Promise<Reply> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return await toReply(response);
}

async function toReply(response: Response): Promise<Reply> {
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as ReplyBody,
  };
}

/** Expects an error response with this status and code that does not mention file paths or libraries. */
export function expectProblem(reply: Reply, status: number, code: string): void {
  expect(reply.body).toMatchObject({ status, code });
  expect(reply.status).toBe(status);
  expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  expect(reply.body.requestId).toBe(reply.headers.get('X-Request-Id'));
  expect(JSON.stringify(reply.body)).not.toMatch(
    /\/(work|home|root|tmp|usr|src|dist)\/|vips|sharp|onnx/i,
  );
}
