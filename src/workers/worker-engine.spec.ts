import { setTimeout as sleep } from 'node:timers/promises';

import { jest } from '@jest/globals';

import { GREEDY } from '../../test/fakes/generation.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { createWorkerEngine, type WorkerEngineOptions } from './worker-engine.js';
import type {
  EngineEvent,
  EngineRequest,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';

const entry = new URL('../../test/fakes/fake-inference-worker.mjs', import.meta.url);

const folder = createTemporaryFolder();
let engine: VisionLanguageEngine;

function start(
  options: Partial<WorkerEngineOptions> & { readonly model?: string; readonly home?: string } = {},
) {
  const { model = 'fake', home = '', ...rest } = options;
  engine = createWorkerEngine({
    entry,
    configuration: { home, model, precision: 'int8', threads: 1 },
    firstRestartMs: 50,
    ...rest,
  });
}

// Workers that crash print why.
beforeAll(() => jest.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => engine.close());
afterAll(() => {
  jest.restoreAllMocks();
  folder.remove();
});

function generate(
  action: string,
  signal?: AbortSignal,
  onStart?: () => void,
): AsyncIterable<EngineEvent> {
  const request: EngineRequest = {
    media: [],
    detail: 'auto',
    conversations: [],
    settings: { ...GREEDY, stop: [action], maxTokens: 1 },
  };
  return engine.generate(request, signal, onStart);
}

async function run(
  action: string,
  signal?: AbortSignal,
  onStart?: () => void,
): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of generate(action, signal, onStart)) events.push(event);
  return events;
}

describe('createWorkerEngine', () => {
  it('is loading at first, then describes the model and answers', async () => {
    start();
    expect(engine.status().state).toBe('loading');
    await expect(run('early')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });

    expect(await engine.describe()).toMatchObject({ id: 'fake' });
    expect(await run('hello')).toEqual([{ type: 'text-delta', conversation: 0, text: 'hello' }]);
  });

  it('forwards errors of the worker and stays usable', async () => {
    start();
    await engine.describe();

    await expect(run('fail')).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    expect(await run('next')).toHaveLength(1);
  });

  it('fails only the running request in a crash and sends the waiting one to the next worker', async () => {
    start();
    await engine.describe();
    const lost = run('crash');
    const waiting = run('waited');

    await expect(lost).rejects.toMatchObject({ code: 'MODEL_NOT_READY', retryable: true });
    expect(await waiting).toHaveLength(1);
  });

  it('fails a request that crashes several workers, started or not', async () => {
    start();
    await engine.describe();

    await expect(run('poison')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await engine.describe();
    expect(await run('next')).toHaveLength(1);
  });

  it('runs several requests at once, and cancels and fails them independently', async () => {
    start();
    await engine.describe();
    const abort = new AbortController();
    const started: string[] = [];
    const hanging = run('beside hang', abort.signal, () => started.push('hang'));
    const other = run('beside', undefined, () => started.push('beside'));

    expect(await other).toHaveLength(1);
    await expect(run('fail')).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    abort.abort(new Error('aborted'));
    await expect(hanging).rejects.toThrow('aborted');
    expect(started).toEqual(['hang', 'beside']);
    expect(await run('next')).toHaveLength(1);
  });

  it('fails all running requests in a crash and no waiting one', async () => {
    start();
    await engine.describe();
    const beside = run('beside hang');
    const crashing = run('crash');
    const waiting = run('waited');

    const [first, second] = await Promise.allSettled([beside, crashing]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'MODEL_NOT_READY' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'MODEL_NOT_READY' } });
    expect(await waiting).toHaveLength(1);
  });

  it('fails running and waiting requests at the deadline', async () => {
    start({ requestTimeoutMs: 300 });
    await engine.describe();

    const [running, waiting] = await Promise.allSettled([run('hang'), run('hang')]);

    expect(running).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
    expect(waiting).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
    expect(await run('next')).toHaveLength(1);
  });

  it('blames a video that is still being decoded at the deadline', async () => {
    start({ requestTimeoutMs: 300 });
    await engine.describe();
    const request: EngineRequest = {
      media: [{ kind: 'video', path: 'clip', sampling: { mode: 'uniform', frames: { count: 1 } } }],
      ...{ detail: 'auto', conversations: [], settings: { ...GREEDY, stop: ['hang'] } },
    };
    const decode = async () => {
      for await (const event of engine.generate(request)) expect(event).toBeUndefined();
    };

    await expect(decode()).rejects.toMatchObject({
      ...{ code: 'MEDIA_TOO_EXPENSIVE', retryable: true, details: { max_seconds: 0.3 } },
    });
  });

  it('frees the worker when the consumer leaves the loop', async () => {
    start();
    await engine.describe();
    for await (const { type } of generate('stream')) if (type === 'text-delta') break;

    expect(await run('next')).toHaveLength(1);
  });

  it('frees the worker of an aborted request whose consumer is idle', async () => {
    start();
    await engine.describe();
    const abort = new AbortController();
    const slow = generate('stream', abort.signal)[Symbol.asyncIterator]();
    expect(await slow.next()).toMatchObject({ value: { text: 'stream' } });
    abort.abort(new Error('aborted'));

    expect(await run('next')).toHaveLength(1);
    await expect(slow.next()).rejects.toThrow('aborted');
  });

  it('does not start a request that is already aborted', async () => {
    start();
    await engine.describe();

    await expect(run('hello', AbortSignal.abort(new Error('aborted')))).rejects.toThrow('aborted');
  });

  it('does not restart the worker for an unusable model', async () => {
    start({ model: 'unusable' });

    await expect(engine.describe()).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(engine.status().state).toBe('failed');
    await expect(run('hello')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('restarts a worker that crashes in requests, with increasing delays', async () => {
    start();
    const delays: number[] = [];
    for (let crash = 0; crash < 3; crash++) {
      await engine.describe();
      const startMs = performance.now();
      await expect(run('crash')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
      await engine.describe();
      delays.push(performance.now() - startMs);
    }

    // 50, 100 and 200 ms plus the start of each worker.
    expect(delays[0]).toBeGreaterThan(50);
    expect(delays[2]).toBeGreaterThan(200);
    expect(engine.status().state).toBe('ready');
  });

  it.each([
    ['crashing', 'exit code 7', { exitCode: 7 }, 'FATAL ERROR: no room for the weights'],
    ['killed', 'signal SIGKILL', { signal: 'SIGKILL' }, undefined],
  ])(
    'gives up a model at the second crash while it loads: %s',
    async (model, end, details, output) => {
      const starts: unknown[] = [];
      start({
        model,
        onStatus: (status) => {
          if (status.state === 'loading') starts.push(status.progress.step);
        },
      });

      const cause = output === undefined ? {} : { cause: output };
      const failure = { code: 'MODEL_LOAD_FAILED', retryable: false, details, ...cause };
      await expect(engine.describe()).rejects.toMatchObject(failure);
      await expect(run('hello')).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
      const status = engine.status();
      if (status.state !== 'failed') throw new Error(`The engine is ${status.state}.`);
      expect(status.error.publicMessage).toMatch(
        new RegExp(`2 times in a row while it loaded the model, last with ${end}\\..*doctor`),
      );
      await sleep(300);
      expect(starts).toEqual(['restarting']);
    },
  );

  it('goes on if the second attempt to load the model succeeds', async () => {
    start({ model: 'recovering', home: folder.path('recovering') });

    expect(await engine.describe()).toMatchObject({ id: 'fake' });
    expect(await run('hello')).toHaveLength(1);
  });

  it('tries a model that was ready more often, and gives it up too', async () => {
    start({ model: 'fragile', home: folder.path('fragile'), firstRestartMs: 1 });
    await engine.describe();
    await expect(run('crash')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });

    await expect(engine.describe()).rejects.toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      publicMessage: expect.stringContaining('8 times in a row') as string,
    });
  });

  it('ends running and waiting requests on close', async () => {
    start();
    await engine.describe();
    const results = Promise.allSettled([run('hang'), run('hang')]);
    await sleep(50);
    await engine.close();

    for (const result of await results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SHUTTING_DOWN' } });
    }
    await expect(run('late')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});
