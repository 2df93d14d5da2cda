import { about, ask, LANGUAGES, openRunner, SAMPLED, textsOf } from '../../test/fakes/requests.js';
import type { FakeParts } from '../../test/fakes/loaded-model.js';
import type { RequestOutcome } from './collect-outcome.js';
import type { EngineEvent, EngineRequest } from './vision-language-engine.js';

/** Waits until a fake has made so many runs. */
const atRun = (parts: FakeParts, count: number, then: () => void) => {
  parts.onRun = () => {
    if (parts.runs.length === count) then();
  };
};

describe('createRequestRunner', () => {
  it('gives every request of many at once the answer it has alone', async () => {
    const requests = [
      about(1, LANGUAGES),
      ask('Bon dia '.repeat(90)),
      about(2, ['Què hi ha?'], { settings: { ...SAMPLED, seed: 8, maxTokens: 40 } }),
      ask('Hola', { priority: 'batch', client: 'job' }),
      about(1, ['Què hi ha?', 'I ara?'], { client: 'b' }),
      ask('Adéu', { settings: { ...SAMPLED, topLogprobs: 2, temperature: 0 } }),
    ];
    const alone = [];
    for (const request of requests) {
      const { run } = await openRunner();
      alone.push(await run(request));
    }

    const { parts, run } = await openRunner();
    const together = await Promise.all(requests.map((request) => run(request)));

    expect(together.map(textsOf)).toEqual(alone.map(textsOf));
    expect(together.map(({ answers }) => answers.map(({ usage }) => usage))).toEqual(
      alone.map(({ answers }) => answers.map(({ usage }) => usage)),
    );
    // They were written together, in fewer steps than one after another.
    expect(
      Math.max(...parts.decoder.log.map((one) => (one.kind === 'step' ? one.sequences.length : 0))),
    ).toBeGreaterThan(9);
    expect(parts.decoder.openSequences).toBe(0);
  });

  it('reads what the conversations of a request share once', async () => {
    const { parts, run } = await openRunner();
    const { answers } = await run(about(1, LANGUAGES));

    const prompts = answers.map(({ usage }) => usage.promptTokens);
    const shared = answers[1]!.usage.cachedTokens;
    expect(shared).toBe(48);
    expect(answers.map(({ usage }) => usage.cachedTokens)).toEqual([
      0,
      ...LANGUAGES.slice(1).map(() => shared),
    ]);
    const read = parts.decoder.log.reduce(
      (sum, one) => sum + (one.kind === 'read' ? one.positions : 0),
      0,
    );
    expect(read).toBe(shared + prompts.reduce((sum, tokens) => sum + tokens - shared, 0));
    // What each has of its own is short, so that all take every step together.
    const steps = parts.decoder.log.filter(({ kind }) => kind === 'step');
    expect(steps).toHaveLength(Math.max(...answers.map(({ usage }) => usage.completionTokens)) - 1);
  });

  it('makes no more than one short chunk between two tokens of a running answer', async () => {
    const { parts, run } = await openRunner();
    let running: Promise<RequestOutcome[]> | undefined;
    const long = () => ask('Bon dia a tothom '.repeat(70), { client: String(Math.random()) });
    const first = run(ask('Hola', { settings: { ...SAMPLED, maxTokens: 60 } }), undefined, () => {
      running = Promise.all([run(long()), run(about(4, LANGUAGES)), run(long())]);
    });
    await first;
    await running;

    const log = parts.decoder.log;
    const from = log.findIndex(({ kind }) => kind === 'step');
    const to = log.findLastIndex((one) => one.kind === 'step' && one.sequences.length > 1);
    let reads = 0;
    for (const one of log.slice(from, to)) {
      reads = one.kind === 'read' ? reads + 1 : 0;
      expect(reads).toBeLessThanOrEqual(1);
      if (one.kind === 'read')
        expect(one.positions).toBeLessThanOrEqual(parts.decoder.longestChunk / 4);
    }
    // A picture is looked at one tile at a time meanwhile.
    expect(Math.max(...parts.visionRuns)).toBe(1);
  });

  it('lets clients take turns, and interactive work go before batch', async () => {
    const { run } = await openRunner({ memoryBytes: 0 });
    const started: string[] = [];
    // The least memory there can be, in which two of these fit.
    const settings = { ...SAMPLED, temperature: 0, maxTokens: 980 };
    const send = (name: string, changes: Partial<EngineRequest>) =>
      run(ask('Bon dia', { settings, ...changes }), undefined, () => started.push(name));
    const [first, , job] = await Promise.all([
      ...[send('x1', { client: 'x' }), send('x2', { client: 'x' })],
      ...[send('job', { client: 'j', priority: 'batch' }), send('a1', { client: 'a' })],
      ...[send('a2', { client: 'a' }), send('b1', { client: 'b' })],
    ]);

    expect(started).toEqual(['x1', 'x2', 'a1', 'b1', 'a2', 'job']);
    const { queueMs, totalMs } = job!.timings;
    expect(queueMs).toBeGreaterThan(first!.timings.queueMs);
    expect(totalMs).toBeGreaterThan(queueMs);
  });

  it('holds no more positions than the budget has room for', async () => {
    const bytes = 400_000;
    const { parts, run } = await openRunner({ memoryBytes: bytes });
    let most = 0;
    parts.onRun = () => {
      most = Math.max(most, parts.decoder.openPositions * parts.decoder.cacheBytesPerToken);
    };
    const requests = Array.from({ length: 9 }, (_, i) =>
      about(i, LANGUAGES, { client: `${i % 3}` }),
    );
    await Promise.all(requests.map((request) => run(request)));

    expect(most).toBeGreaterThan(bytes / 8);
    expect(most).toBeLessThanOrEqual(bytes);
  });

  it('answers more conversations than fit at once, some after others', async () => {
    const many = Array.from({ length: 6 }, (_, i) => `Pregunta ${i}`);
    const settings = { ...SAMPLED, temperature: 0, maxTokens: 700 };
    const { run, parts } = await openRunner({ memoryBytes: 0 });
    const few = await run(about(1, many, { settings }));
    const wide = await openRunner();
    const all = await wide.run(about(1, many, { settings }));

    expect(textsOf(few)).toEqual(textsOf(all));
    const width = (one: (typeof parts.decoder.log)[number]) =>
      one.kind === 'step' ? one.sequences.length : 0;
    expect(Math.max(...parts.decoder.log.map(width))).toBeLessThan(5);
    expect(Math.max(...wide.parts.decoder.log.map(width))).toBe(6);
  });

  it('ends what is aborted and goes on with the rest', async () => {
    const alone = await (await openRunner()).run(ask('Bon dia'));
    const { parts, run } = await openRunner();
    const abort = new AbortController();
    atRun(parts, 6, () => abort.abort(new Error('left')));
    const endless = { settings: { ...SAMPLED, maxTokens: 400 } };

    const [left, reading, other] = await Promise.allSettled([
      run(about(1, LANGUAGES, endless), abort.signal),
      run(ask('Bon dia '.repeat(150)), abort.signal),
      run(ask('Bon dia')),
    ]);

    expect([left, reading].map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(other.status === 'fulfilled' && textsOf(other.value)).toEqual(textsOf(alone));
    expect(parts.decoder.openSequences).toBe(0);
  });

  it('fails one request alone, and none of its other answers is heard of again', async () => {
    const alone = await (await openRunner()).run(ask('Bon dia'));
    const { parts, runner, run } = await openRunner();
    let isBroken = false;
    parts.decoder.onRun = (one) => {
      // The first chunk that is read while several are written: one of the eight.
      if (isBroken || one.kind !== 'read' || one.positions > 20) return;
      isBroken = true;
      throw new Error('broken');
    };
    const events: EngineEvent[] = [];
    const failing = (async () => {
      for await (const event of runner.generate(about(1, LANGUAGES))) events.push(event);
    })();
    const other = run(
      ask('Bon dia a tothom i a totes les persones que hi ha aquí avui '.repeat(2)),
    );

    await expect(failing).rejects.toThrow('broken');
    expect(events.map(({ type }) => type)).toEqual(['media']);
    expect((await other).answers[0]!.finishReason).toBe('length');
    expect(textsOf(await run(ask('Bon dia')))).toEqual(textsOf(alone));
    expect(parts.decoder.openSequences).toBe(0);
  });

  it('gives back its memory whatever became of a request', async () => {
    const { run, parts } = await openRunner({ memoryBytes: 0 });
    const settings = { ...SAMPLED, temperature: 0, maxTokens: 900 };
    parts.onRun = () => {
      throw new Error('broken');
    };
    await expect(run(ask('a', { settings }))).rejects.toThrow('broken');
    const stopping = new AbortController();
    parts.onRun = () => {
      stopping.abort(new Error('enough'));
    };
    await expect(run(ask('a', { settings }), stopping.signal)).rejects.toThrow();
    parts.onRun = () => undefined;
    await expect(run(ask('a', { settings: { ...settings, topP: 7 } }))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });

    expect((await run(ask('a', { settings }))).answers).toHaveLength(1);
  });

  it('refuses before any work what the context cannot hold', async () => {
    const { run, parts } = await openRunner();

    await expect(
      run(ask('a', { settings: { ...SAMPLED, maxTokens: 4_000 } })),
    ).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
    });
    expect([parts.runs, parts.mediaCalls]).toEqual([[], []]);
  });

  it('reports the runs that each had a part in, and the beginning for the first', async () => {
    const { run } = await openRunner();
    const { answers, timings } = await run(about(1, ['Què?', 'Com?', 'On?']));

    const decodeMs = answers.map((answer) => answer.timings.decodeMs);
    expect(timings.decodeMs).toBeGreaterThanOrEqual(Math.max(...decodeMs) - 1e-6);
    expect(timings.decodeMs).toBeLessThan(decodeMs.reduce((a, b) => a + b));
    const prefillMs = answers.reduce((sum, answer) => sum + answer.timings.prefillMs, 0);
    expect(timings.prefillMs).toBeCloseTo(prefillMs, 6);
    expect(timings.encodeMs + timings.prefillMs + timings.decodeMs).toBeLessThanOrEqual(
      timings.totalMs,
    );
  });

  it('ends all work when it is closed', async () => {
    const { runner, run, parts } = await openRunner();
    const running = run(ask('a', { settings: { ...SAMPLED, maxTokens: 600 } }));
    running.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runner.close();

    expect(parts.decoder.openSequences).toBe(0);
  });
});
