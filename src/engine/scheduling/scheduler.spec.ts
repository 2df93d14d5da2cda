import type { Decoder, Sequence } from '../../decoder/decoder.js';
import type { RequestHandle } from './queue-ticket.js';
import { createScheduler } from './scheduler.js';

type Step = Decoder['step'];

/** A sequence of a decoder that only counts decode steps. */
interface CountedSequence extends Sequence {
  length: number;
}

/** Returns the length of each sequence as its only logit. */
const countingStep: Step = (tokens) =>
  Promise.resolve(
    tokens.map(({ sequence }) => {
      (sequence as CountedSequence).length += 1;
      return Float32Array.of(sequence.length);
    }),
  );

/** A scheduler with a log of its runs: names of prefill chunks, and `(names)` of the sequences of a decode step. */
function createLoggedScheduler(step: Step = countingStep) {
  const log: string[] = [];
  const names = new Map<Sequence, string>();
  const scheduler = createScheduler({
    step(tokens) {
      log.push(`(${tokens.map(({ sequence }) => names.get(sequence)).join('')})`);
      return step(tokens);
    },
  });
  let number = 0;
  const handleOf = (client: string, signal = new AbortController().signal): RequestHandle => ({
    ticket: { number: ++number, client, priority: 'interactive' },
    signal,
  });
  /** Schedules prefill chunks one after another. @returns the fraction granted to each. */
  const prefill = async (name: string, chunks: number, handle = handleOf(name)) => {
    const fractions: number[] = [];
    for (let i = 0; i < chunks; i++) {
      await scheduler.schedulePrefill(handle, (fraction) => {
        log.push(name);
        fractions.push(fraction);
        return Promise.resolve();
      });
    }
    return fractions;
  };
  /** Decodes for `steps` steps, or throws `fault` at the second. @returns the logits that the sequence accepted. */
  const decode = async (name: string, steps: number, handle = handleOf(name), fault?: Error) => {
    const sequence: CountedSequence = { length: 0 };
    names.set(sequence, name);
    const accepted: number[] = [];
    await scheduler.decodeUntilDone(handle, {
      sequence,
      nextId: 1,
      acceptLogits(logits) {
        accepted.push(...logits);
        if (fault && accepted.length === 2) throw fault;
        return accepted.length < steps;
      },
    });
    return accepted;
  };
  return { log, names, scheduler, handleOf, prefill, decode };
}

describe('createScheduler', () => {
  it('decodes all running sequences in one step until each ends', async () => {
    const { log, decode } = createLoggedScheduler();

    const accepted = await Promise.all([decode('a', 3), decode('b', 1), decode('c', 2)]);

    expect(accepted).toEqual([[1, 2, 3], [1], [1, 2]]);
    expect(log).toEqual(['(abc)', '(ac)', '(a)']);
  });

  it('runs at most one prefill chunk between two decode steps', async () => {
    const { log, prefill, decode } = createLoggedScheduler();

    const decoding = decode('a', 12);
    await Promise.all([decoding, prefill('x', 3), prefill('y', 4), prefill('z', 2)]);

    expect(log.join('')).not.toMatch(/[xyz]{2}/);
    expect(log.filter((run) => run === '(a)')).toHaveLength(12);
    expect(log.slice(0, 8)).toEqual(['x', '(a)', 'y', '(a)', 'z', '(a)', 'x', '(a)']);
  });

  it('grants a quarter chunk while sequences decode, a full chunk otherwise', async () => {
    const { prefill, decode } = createLoggedScheduler();

    expect(await prefill('x', 2)).toEqual([1, 1]);
    const decoding = decode('a', 3);
    expect(await prefill('y', 5)).toEqual([0.25, 0.25, 1, 1, 1]);
    await decoding;
  });

  it('adds sequences to the batch between two steps', async () => {
    const { log, prefill, decode } = createLoggedScheduler();

    const joining = prefill('b', 2).then(() => decode('b', 2));
    await Promise.all([decode('a', 5), joining]);

    expect(log).toEqual(['b', '(a)', 'b', '(ab)', '(ab)', '(a)', '(a)']);
  });

  it('continues the other sequences if a sequence or a chunk fails', async () => {
    const { log, scheduler, handleOf, decode } = createLoggedScheduler();
    const fault = new Error('no logits');

    const results = await Promise.allSettled([
      decode('a', 4),
      decode('b', 4, handleOf('b'), fault),
      scheduler.schedulePrefill(handleOf('x'), () => Promise.reject(new Error('no image'))),
    ]);

    expect(
      results.map((result) =>
        result.status === 'fulfilled' ? result.value : String(result.reason),
      ),
    ).toEqual([[1, 2, 3, 4], 'Error: no logits', 'Error: no image']);
    expect(log).toEqual(['(ab)', '(ab)', '(a)', '(a)']);
  });

  it('retries a failed step one by one and fails only the faulty sequence', async () => {
    const full = new Error('full');
    const { log, names, decode } = createLoggedScheduler((tokens) =>
      tokens.some(({ sequence }) => sequence.length === 2 && names.get(sequence) === 'b')
        ? Promise.reject(full)
        : countingStep(tokens),
    );

    const [a, b] = await Promise.allSettled([decode('a', 4), decode('b', 4)]);

    expect(a).toMatchObject({ value: [1, 2, 3, 4] });
    expect(b).toMatchObject({ status: 'rejected', reason: full });
    expect(log).toEqual(['(ab)', '(ab)', '(ab)', '(a)', '(b)', '(a)']);
  });

  it('runs no further chunks or steps of an aborted request', async () => {
    const abort = new AbortController();
    const { log, prefill, decode, handleOf } = createLoggedScheduler((tokens) => {
      if (log.length === 4) abort.abort(new Error('aborted'));
      return countingStep(tokens);
    });
    const handle = handleOf('b', abort.signal);

    const [a, b, x] = await Promise.allSettled([
      decode('a', 5),
      decode('b', 5, handle),
      prefill('x', 9, handle),
    ]);

    expect(a).toMatchObject({ value: [1, 2, 3, 4, 5] });
    expect(b).toMatchObject({ value: [1] });
    expect(x).toMatchObject({ status: 'rejected', reason: { message: 'aborted' } });
    expect(log.slice(0, 5)).toEqual(['x', '(ab)', 'x', '(ab)', '(a)']);
  });

  it('resumes after an idle period', async () => {
    const { log, prefill, decode } = createLoggedScheduler();
    await prefill('x', 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await decode('a', 1);

    expect(log).toEqual(['x', '(a)']);
  });
});
