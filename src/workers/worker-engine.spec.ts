import { setTimeout as sleep } from 'node:timers/promises';

import { createWorkerEngine, type WorkerEngineOptions } from './worker-engine.js';
import type {
  EngineEvent,
  EngineRequest,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';

const entry = new URL('../../test/fakes/fake-inference-worker.mjs', import.meta.url);

let engine: VisionLanguageEngine;

function start(options: Partial<WorkerEngineOptions> & { readonly model?: string } = {}) {
  const { model = 'fake', ...rest } = options;
  engine = createWorkerEngine({
    entry,
    configuration: { home: '', model, precision: 'int8', threads: 1 },
    firstRestartMs: 50,
    ...rest,
  });
}

afterEach(() => engine.close());

function generate(
  action: string,
  signal?: AbortSignal,
  onStart?: () => void,
): AsyncIterable<EngineEvent> {
  const settings = { stop: [action], maxTokens: 1, temperature: 0, topP: 1, topK: 0 };
  const request: EngineRequest = {
    media: [],
    detail: 'auto',
    conversations: [],
    settings: { ...settings, repetitionPenalty: 1, seed: 0 },
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

  it('restarts a crashing worker with increasing delays', async () => {
    const starts: number[] = [];
    start({
      model: 'crashing',
      onStatus: (status) => {
        if (status.state === 'loading') starts.push(performance.now());
      },
    });

    await expect(engine.describe()).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await sleep(1_500);

    // Delays of 50, 100, 200 and 400 ms plus the start time of each worker. A tight loop would restart dozens of times.
    expect(starts.length).toBeGreaterThanOrEqual(2);
    expect(starts.length).toBeLessThanOrEqual(6);
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
