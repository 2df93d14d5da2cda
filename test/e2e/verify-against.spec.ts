import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { jest } from '@jest/globals';

import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { readLines, run } from './run-cli.js';
import { type Service, startService } from './service.js';

// A package is converted and run on a machine that may be busy.
jest.setTimeout(600_000);

/** A chat completion, as far as the tests change it. */
interface Completion {
  readonly choices: readonly [
    { logprobs: { readonly content: { logprob: number; top_logprobs: object[] }[] } | null },
  ];
}

const PROMPTS = 19;
const SHIFT = 0.25;

let folder: TemporaryFolder;
let env: Record<string, string>;
let service: Service;
/** Passes requests on to the service and changes its replies. */
let proxy: Server;
let change: (completion: Completion) => void;

beforeAll(async () => {
  folder = createTemporaryFolder();
  env = { SALAMANDRA_HOME: folder.path('home'), SALAMANDRA_THREADS: '2' };
  service = await startService(env);
  await service.waitUntilReady();
  proxy = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const isPost = request.method === 'POST';
      const reply = await fetch(`${service.url}${request.url!}`, {
        method: request.method!,
        ...(isPost && { headers: { 'Content-Type': 'application/json' } }),
        ...(isPost && { body: Buffer.concat(parts) }),
      });
      const body: unknown = await reply.json();
      if (isPost && reply.ok) change(body as Completion);
      response.writeHead(reply.status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
});

afterAll(async () => {
  proxy.close();
  await service.stop();
  folder.remove();
});

async function compare(url: string, ...options: string[]) {
  const { code, stdout, stderr } = await run(
    ['verify', 'demo', '--json', '--against', url, ...options],
    { env },
  );
  return { code, stderr, report: readLines(stdout)[0] };
}

function proxyUrl(): string {
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/v1`;
}

it('finds no difference between a package and a server that runs it', async () => {
  const { code, report } = await compare(service.url);

  expect(code).toBe(0);
  expect(report).toMatchObject({
    summary: expect.stringMatching(
      /^int8: same answer as the server for 19 of 19 prompts, same top-1 token for (\d+) of \1 tokens \(100\.0 %\), log-probability difference 0 nats on average, 0 at most$/,
    ) as string,
    ...{ precision: 'int8', compared: 'logprobs', same_answers: PROMPTS, top1_agreement: 1 },
    logprob_difference: { mean: 0, max: 0 },
    ...{ different_prompt_tokens: 0, not_greedy: 0, not_compared: 0 },
    server: { url: service.url, model: 'demo' },
  });
});

describe('behind a server with known differences', () => {
  beforeEach(() => {
    change = ({ choices: [{ logprobs }] }) => {
      logprobs!.content.forEach((token, index) => {
        token.logprob -= SHIFT;
        if (index === 0) token.top_logprobs = [{ token: '</s>', logprob: 0 }];
      });
    };
  });

  it('measures them', async () => {
    const { code, report } = await compare(proxyUrl());
    const { positions } = report as { readonly positions: number };

    expect(code).toBe(0);
    expect(report).toMatchObject({
      ...{ same_answers: 0, top1_agreement: (positions - PROMPTS) / positions },
      logprob_difference: {
        mean: expect.closeTo(SHIFT, 5) as number,
        max: expect.closeTo(SHIFT, 5) as number,
      },
      ...{ not_greedy: PROMPTS, not_compared: 0 },
    });
  });

  it('exits with 4 below the required agreement, after the report', async () => {
    const { code, stderr, report } = await compare(proxyUrl(), '--min-agreement', '0.99');

    expect(report).toMatchObject({ same_answers: 0 });
    expect(stderr).toContain('the limit is 99.0 %');
    expect(code).toBe(4);
  });
});

it('compares texts with a server without log-probabilities', async () => {
  change = ({ choices: [choice] }) => {
    choice.logprobs = null;
  };
  const { code, report } = await compare(proxyUrl());

  expect(code).toBe(0);
  expect(report).toMatchObject({
    ...{ compared: 'texts', same_answers: PROMPTS, positions: 0 },
    ...{ top1_agreement: null, logprob_difference: null },
  });
});

it('names the models of the server if it has no such model', async () => {
  const { code, stderr } = await compare(service.url, '--against-model', 'llava');

  expect(code).toBe(4);
  expect(stderr).toContain('The server has no model "llava". It lists: "demo".');
});
