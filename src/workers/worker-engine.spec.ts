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

describe('createRemoteEngine', () => {
  it('says that it is loading, then describes the model and answers', async () => {
    start();
    expect(engine.status().state).toBe('loading');
    await expect(run('early')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });

    expect(await engine.describe()).toMatchObject({ id: 'fake' });
    expect(await run('hello')).toEqual([{ type: 'text-delta', conversation: 0, text: 'hello' }]);
  });

  it('passes the errors of the worker on and stays usable', async () => {
    start();
    await engine.describe();

    await expect(run('fail')).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    expect(await run('next')).toHaveLength(1);
  });

  it('loses only the running request in a crash; the waiting one gets the next worker', async () => {
    start();
    await engine.describe();
    const lost = run('crash');
    const waiting = run('waited');

    await expect(lost).rejects.toMatchObject({ code: 'MODEL_NOT_READY', retryable: true });
    expect(await waiting).toHaveLength(1);
  });

  it('gives up what several workers were lost with, whether it had begun or not', async () => {
    start();
    await engine.describe();

    await expect(run('poison')).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await engine.describe();
    expect(await run('next')).toHaveLength(1);
  });

  it('works on several requests at once, and cancels and fails each alone', async () => {
    start();
    await engine.describe();
    const abort = new AbortController();
    const started: string[] = [];
    const hanging = run('beside hang', abort.signal, () => started.push('hang'));
    const other = run('beside', undefined, () => started.push('beside'));

    expect(await other).toHaveLength(1);
    await expect(run('fail')).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    abort.abort(new Error('left'));
    await expect(hanging).rejects.toThrow('left');
    expect(started).toEqual(['hang', 'beside']);
    expect(await run('next')).toHaveLength(1);
  });

  it('loses all that run in a crash, and nothing that waits', async () => {
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

  it('refuses more than it may hold, running or waiting', async () => {
    start({ maxRequests: 2 });
    await engine.describe();
    const abort = new AbortController();
    let running: Promise<unknown> | undefined;
    await new Promise<void>((resolve) => {
      running = run('hang', abort.signal, resolve);
    });
    const waiting = run('waited');

    await expect(run('too many')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    abort.abort(new Error('left'));
    await expect(running).rejects.toThrow('left');
    expect(await waiting).toHaveLength(1);
  });

  it('gives up at the deadline, running or waiting', async () => {
    start({ requestTimeoutMs: 300 });
    await engine.describe();

    const [running, waiting] = await Promise.allSettled([run('hang'), run('hang')]);

    expect(running).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
    expect(waiting).toMatchObject({ status: 'rejected', reason: { code: 'DEADLINE_EXCEEDED' } });
    expect(await run('next')).toHaveLength(1);
  });

  it('frees the worker when a reader leaves in the middle', async () => {
    start();
    await engine.describe();
    for await (const { type } of generate('stream')) if (type === 'text-delta') break;

    expect(await run('next')).toHaveLength(1);
  });

  it('frees the worker of an aborted request whose reader takes nothing', async () => {
    start();
    await engine.describe();
    const abort = new AbortController();
    const slow = generate('stream', abort.signal)[Symbol.asyncIterator]();
    expect(await slow.next()).toMatchObject({ value: { text: 'stream' } });
    abort.abort(new Error('left'));

    expect(await run('next')).toHaveLength(1);
    await expect(slow.next()).rejects.toThrow('left');
  });

  it('starts nothing for a caller who has left', async () => {
    start();
    await engine.describe();

    await expect(run('hello', AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
  });

  it('stops for a model that cannot be used', async () => {
    start({ model: 'unusable' });

    await expect(engine.describe()).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(engine.status().state).toBe('failed');
    await expect(run('hello')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('starts a crashing worker again, each time later', async () => {
    const starts: number[] = [];
    start({
      model: 'crashing',
      onStatus: (status) => {
        if (status.state === 'loading') starts.push(performance.now());
      },
    });

    await expect(engine.describe()).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await sleep(1_500);

    // 50, 100, 200, 400 ms and each start in between: never the dozens of a tight loop.
    expect(starts.length).toBeGreaterThanOrEqual(2);
    expect(starts.length).toBeLessThanOrEqual(6);
  });

  it('ends running and waiting requests when it is closed', async () => {
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
