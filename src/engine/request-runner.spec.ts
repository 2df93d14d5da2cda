import {
  imageRequest,
  textRequest,
  LANGUAGES,
  openRunner,
  SAMPLED,
  textsOf,
} from '../../test/fakes/requests.js';
import type { DecoderRun } from '../../test/fakes/fake-decoder.js';
import type { FakeModel } from '../../test/fakes/fake-model.js';
import type { RequestOutcome } from './collect-outcome.js';
import type { EngineEvent, EngineRequest } from './vision-language-engine.js';

/** Calls `action` at the start of the model's run number `count`. */
const atRun = (model: FakeModel, count: number, action: () => void) => {
  model.onRun = () => {
    if (model.runs.length === count) action();
  };
};

/** Sequences of a decode step; 0 for a prefill chunk. */
const batchSize = (entry: DecoderRun) => (entry.kind === 'step' ? entry.sequences.length : 0);

describe('createRequestRunner', () => {
  it('returns the same answers for concurrent requests as for separate ones', async () => {
    const requests = [
      imageRequest(1, LANGUAGES),
      textRequest('Bon dia '.repeat(90)),
      imageRequest(2, ['Què hi ha?'], { settings: { ...SAMPLED, seed: 8, maxTokens: 40 } }),
      textRequest('Hola', { priority: 'batch', client: 'job' }),
      imageRequest(1, ['Què hi ha?', 'I ara?'], { client: 'b' }),
      textRequest('Adéu', { settings: { ...SAMPLED, topLogprobs: 2, temperature: 0 } }),
    ];
    const alone = [];
    for (const request of requests) {
      const { run } = await openRunner();
      alone.push(await run(request));
    }

    const { model, run } = await openRunner();
    const together = await Promise.all(requests.map((request) => run(request)));

    expect(together.map(textsOf)).toEqual(alone.map(textsOf));
    expect(together.map(({ answers }) => answers.map(({ usage }) => usage))).toEqual(
      alone.map(({ answers }) => answers.map(({ usage }) => usage)),
    );
    // The requests decoded in one batch.
    expect(Math.max(...model.decoder.log.map(batchSize))).toBeGreaterThan(9);
    expect(model.decoder.openSequences).toBe(0);
  });

  it('prefills the shared prefix of the conversations of a request once', async () => {
    const { model, run } = await openRunner();
    const { answers } = await run(imageRequest(1, LANGUAGES));

    const prompts = answers.map(({ usage }) => usage.promptTokens);
    const shared = answers[1]!.usage.cachedTokens;
    expect(shared).toBe(48);
    expect(answers.map(({ usage }) => usage.cachedTokens)).toEqual([
      0,
      ...LANGUAGES.slice(1).map(() => shared),
    ]);
    const prefilled = model.decoder.log.reduce(
      (sum, entry) => sum + (entry.kind === 'prefill' ? entry.positions : 0),
      0,
    );
    expect(prefilled).toBe(shared + prompts.reduce((sum, tokens) => sum + tokens - shared, 0));
    // Remainders are short, so all conversations take part in every decode step.
    const steps = model.decoder.log.filter(({ kind }) => kind === 'step');
    expect(steps).toHaveLength(Math.max(...answers.map(({ usage }) => usage.completionTokens)) - 1);
  });

  it('runs at most one short prefill chunk between two decode steps', async () => {
    const { model, run } = await openRunner();
    let running: Promise<RequestOutcome[]> | undefined;
    const long = () =>
      textRequest('Bon dia a tothom '.repeat(70), { client: String(Math.random()) });
    const first = run(
      textRequest('Hola', { settings: { ...SAMPLED, maxTokens: 60 } }),
      undefined,
      () => {
        running = Promise.all([run(long()), run(imageRequest(4, LANGUAGES)), run(long())]);
      },
    );
    await first;
    await running;

    const { log } = model.decoder;
    const from = log.findIndex(({ kind }) => kind === 'step');
    const to = log.findLastIndex((entry) => batchSize(entry) > 1);
    let chunks = 0;
    for (const entry of log.slice(from, to)) {
      chunks = entry.kind === 'prefill' ? chunks + 1 : 0;
      expect(chunks).toBeLessThanOrEqual(1);
      if (entry.kind === 'prefill')
        expect(entry.positions).toBeLessThanOrEqual(model.decoder.longestChunk / 4);
    }
    // Meanwhile the vision encoder runs on one tile at a time.
    expect(Math.max(...model.visionRuns)).toBe(1);
  });

  it('serves clients round-robin and interactive requests before batch jobs', async () => {
    const { run } = await openRunner({ memoryBytes: 0 });
    const started: string[] = [];
    // The minimum budget has room for two of these requests.
    const settings = { ...SAMPLED, temperature: 0, maxTokens: 980 };
    const send = (name: string, changes: Partial<EngineRequest>) =>
      run(textRequest('Bon dia', { settings, ...changes }), undefined, () => started.push(name));
    const [first, , job] = await Promise.all([
      ...[send('x1', { client: 'x' }), send('x2', { client: 'x' })],
      ...[send('job', { client: 'j', priority: 'batch' }), send('a1', { client: 'a' })],
      ...[send('a2', { client: 'a' }), send('b1', { client: 'b' })],
    ]);

    // The second request of x is planned after the first ones of a and b.
    expect(started).toEqual(['x1', 'a1', 'b1', 'x2', 'a2', 'job']);
    const { queueMs, totalMs } = job!.timings;
    expect(queueMs).toBeGreaterThan(first!.timings.queueMs);
    expect(totalMs).toBeGreaterThan(queueMs);
  });

  it('never exceeds the memory budget', async () => {
    const budgetBytes = 400_000;
    const { model, run } = await openRunner({ memoryBytes: budgetBytes });
    let peakBytes = 0;
    model.onRun = () => {
      peakBytes = Math.max(
        peakBytes,
        model.decoder.openPositions * model.decoder.cacheBytesPerToken,
      );
    };
    const requests = Array.from({ length: 9 }, (_, i) =>
      imageRequest(i, LANGUAGES, { client: `${i % 3}` }),
    );
    await Promise.all(requests.map((request) => run(request)));

    expect(peakBytes).toBeGreaterThan(budgetBytes / 8);
    expect(peakBytes).toBeLessThanOrEqual(budgetBytes);
  });

  it('admits contexts of 8192 tokens at least, and longer ones if the budget allows them', async () => {
    const long = { settings: { ...SAMPLED, maxTokens: 20_000 } };
    const short = textRequest('Hola', { settings: { ...SAMPLED, maxTokens: 8 } });
    const { run } = await openRunner({ memoryBytes: 0, maxPositions: 131_072 });
    const abort = new AbortController();
    const { model, run: runLong } = await openRunner({ memoryBytes: 1e7, maxPositions: 131_072 });
    atRun(model, 2, () => abort.abort(new Error('admitted')));

    expect(textsOf(await run(short))).toHaveLength(1);
    await expect(run(textRequest('Hola', long))).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
    });
    const { answers } = await runLong(textRequest('Hola', long), abort.signal);
    expect(answers[0]!.finishReason).toBe('cancelled');
  });

  it('decodes conversations in several batches if not all fit the memory', async () => {
    const questions = Array.from({ length: 6 }, (_, i) => `Pregunta ${i}`);
    const settings = { ...SAMPLED, temperature: 0, maxTokens: 700 };
    const { run, model } = await openRunner({ memoryBytes: 0 });
    const batched = await run(imageRequest(1, questions, { settings }));
    const unlimited = await openRunner();
    const together = await unlimited.run(imageRequest(1, questions, { settings }));

    expect(textsOf(batched)).toEqual(textsOf(together));
    expect(Math.max(...model.decoder.log.map(batchSize))).toBeLessThan(5);
    expect(Math.max(...unlimited.model.decoder.log.map(batchSize))).toBe(6);
  });

  it('ends aborted requests and continues the others', async () => {
    const alone = await (await openRunner()).run(textRequest('Bon dia'));
    const { model, run } = await openRunner();
    const abort = new AbortController();
    atRun(model, 6, () => abort.abort(new Error('aborted')));
    const endless = { settings: { ...SAMPLED, maxTokens: 400 } };

    const [decoding, prefilling, other] = await Promise.allSettled([
      run(imageRequest(1, LANGUAGES, endless), abort.signal),
      run(textRequest('Bon dia '.repeat(150)), abort.signal),
      run(textRequest('Bon dia')),
    ]);

    expect([decoding, prefilling].map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(other.status === 'fulfilled' && textsOf(other.value)).toEqual(textsOf(alone));
    expect(model.decoder.openSequences).toBe(0);
  });

  it('fails one request without its remaining answers and continues the others', async () => {
    const alone = await (await openRunner()).run(textRequest('Bon dia'));
    const { model, runner, run } = await openRunner();
    let isBroken = false;
    model.decoder.onRun = (entry) => {
      // The first short chunk is the remainder of one of the eight conversations.
      if (isBroken || entry.kind !== 'prefill' || entry.positions > 20) return;
      isBroken = true;
      throw new Error('broken');
    };
    const events: EngineEvent[] = [];
    const failing = (async () => {
      for await (const event of runner.generate(imageRequest(1, LANGUAGES))) events.push(event);
    })();
    const other = run(
      textRequest('Bon dia a tothom i a totes les persones que hi ha aquí avui '.repeat(2)),
    );

    await expect(failing).rejects.toThrow('broken');
    expect(events.map(({ type }) => type)).toEqual(['media']);
    expect((await other).answers[0]!.finishReason).toBe('length');
    expect(textsOf(await run(textRequest('Bon dia')))).toEqual(textsOf(alone));
    expect(model.decoder.openSequences).toBe(0);
  });

  it('releases its memory after failed, aborted and refused requests', async () => {
    const { run, model } = await openRunner({ memoryBytes: 0 });
    const settings = { ...SAMPLED, temperature: 0, maxTokens: 900 };
    model.onRun = () => {
      throw new Error('broken');
    };
    await expect(run(textRequest('a', { settings }))).rejects.toThrow('broken');
    const abort = new AbortController();
    model.onRun = () => {
      abort.abort(new Error('enough'));
    };
    await expect(run(textRequest('a', { settings }), abort.signal)).rejects.toThrow();
    model.onRun = () => undefined;
    await expect(
      run(textRequest('a', { settings: { ...settings, topP: 7 } })),
    ).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });

    expect((await run(textRequest('a', { settings }))).answers).toHaveLength(1);
  });

  it('refuses requests that exceed the context window before any run', async () => {
    const { run, model } = await openRunner();

    await expect(
      run(textRequest('a', { settings: { ...SAMPLED, maxTokens: 4_000 } })),
    ).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
    });
    expect([model.runs, model.mediaCalls]).toEqual([[], []]);
  });

  it('counts shared decode steps once and charges the shared prefix to the first answer', async () => {
    const { run } = await openRunner();
    const { answers, timings } = await run(imageRequest(1, ['Què?', 'Com?', 'On?']));

    const decodeMs = answers.map((answer) => answer.timings.decodeMs);
    expect(timings.decodeMs).toBeGreaterThanOrEqual(Math.max(...decodeMs) - 1e-6);
    expect(timings.decodeMs).toBeLessThan(decodeMs.reduce((a, b) => a + b));
    const prefillMs = answers.reduce((sum, answer) => sum + answer.timings.prefillMs, 0);
    expect(timings.prefillMs).toBeCloseTo(prefillMs, 6);
    expect(timings.encodeMs + timings.prefillMs + timings.decodeMs).toBeLessThanOrEqual(
      timings.totalMs,
    );
  });

  it('ends all requests on close', async () => {
    const { runner, run, model } = await openRunner();
    const running = run(textRequest('a', { settings: { ...SAMPLED, maxTokens: 600 } }));
    running.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runner.close();

    expect(model.decoder.openSequences).toBe(0);
  });
});
