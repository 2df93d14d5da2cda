import type { Decoder, Sequence } from '../../decoder/decoder.js';
import type { RequestHandle } from './queue-ticket.js';
import { createScheduler } from './scheduler.js';

type Step = Decoder['step'];

/** A sequence of a decoder that only counts. */
interface Counted extends Sequence {
  length: number;
}

/** Scores say how many tokens a sequence has read. */
const counting: Step = (tokens) =>
  Promise.resolve(
    tokens.map(({ sequence }) => {
      (sequence as Counted).length += 1;
      return Float32Array.of(sequence.length);
    }),
  );

/** What runs, in order: names of pieces, and of the sequences of each step. */
function createLog(step: Step = counting) {
  const log: string[] = [];
  const names = new Map<Sequence, string>();
  const scheduler = createScheduler({
    step(tokens) {
      log.push(`(${tokens.map(({ sequence }) => names.get(sequence)).join('')})`);
      return step(tokens);
    },
  });
  let number = 0;
  const turnsOf = (client: string, signal = new AbortController().signal): RequestHandle => ({
    ticket: { number: ++number, client, priority: 'interactive' },
    signal,
  });
  /** Pieces one after another, as a prompt is read. */
  const read = async (name: string, pieces: number, turns = turnsOf(name)) => {
    const shares: number[] = [];
    for (let i = 0; i < pieces; i++) {
      await scheduler.schedulePrefill(turns, (share) => {
        log.push(name);
        shares.push(share);
        return Promise.resolve();
      });
    }
    return shares;
  };
  /** An answer of so many steps; the scores it took. */
  const write = async (name: string, steps: number, turns = turnsOf(name), fault?: Error) => {
    const sequence: Counted = { length: 0 };
    names.set(sequence, name);
    const taken: number[] = [];
    await scheduler.decodeUntilDone(turns, {
      sequence,
      nextId: 1,
      acceptLogits(scores) {
        taken.push(...scores);
        if (fault && taken.length === 2) throw fault;
        return taken.length < steps;
      },
    });
    return taken;
  };
  return { log, names, scheduler, turnsOf, read, write };
}

describe('createScheduler', () => {
  it('reads the tokens of all answers in one step, and lets each leave when it ends', async () => {
    const { log, write } = createLog();

    const taken = await Promise.all([write('a', 3), write('b', 1), write('c', 2)]);

    expect(taken).toEqual([[1, 2, 3], [1], [1, 2]]);
    expect(log).toEqual(['(abc)', '(ac)', '(a)']);
  });

  it('never does more than one piece between two steps of an answer', async () => {
    const { log, read, write } = createLog();

    const writing = write('a', 12);
    await Promise.all([writing, read('x', 3), read('y', 4), read('z', 2)]);

    expect(log.join('')).not.toMatch(/[xyz]{2}/);
    expect(log.filter((run) => run === '(a)')).toHaveLength(12);
    expect(log.slice(0, 8)).toEqual(['x', '(a)', 'y', '(a)', 'z', '(a)', 'x', '(a)']);
  });

  it('makes pieces smaller while answers are written, and whole ones alone', async () => {
    const { read, write } = createLog();

    expect(await read('x', 2)).toEqual([1, 1]);
    const writing = write('a', 3);
    expect(await read('y', 5)).toEqual([0.25, 0.25, 1, 1, 1]);
    await writing;
  });

  it('takes in answers between two steps', async () => {
    const { log, read, write } = createLog();

    const joining = read('b', 2).then(() => write('b', 2));
    await Promise.all([write('a', 5), joining]);

    expect(log).toEqual(['b', '(a)', 'b', '(ab)', '(ab)', '(a)', '(a)']);
  });

  it('leaves the others alone when an answer or a piece fails', async () => {
    const { log, scheduler, turnsOf, write } = createLog();
    const fault = new Error('no scores');

    const results = await Promise.allSettled([
      write('a', 4),
      write('b', 4, turnsOf('b'), fault),
      scheduler.schedulePrefill(turnsOf('x'), () => Promise.reject(new Error('no picture'))),
    ]);

    expect(
      results.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))),
    ).toEqual([[1, 2, 3, 4], 'Error: no scores', 'Error: no picture']);
    expect(log).toEqual(['(ab)', '(ab)', '(a)', '(a)']);
  });

  it('finds out in a failed step whose fault it was', async () => {
    const full = new Error('full');
    const { log, names, write } = createLog((tokens) =>
      tokens.some(({ sequence }) => sequence.length === 2 && names.get(sequence) === 'b')
        ? Promise.reject(full)
        : counting(tokens),
    );

    const [a, b] = await Promise.allSettled([write('a', 4), write('b', 4)]);

    expect(a).toMatchObject({ value: [1, 2, 3, 4] });
    expect(b).toMatchObject({ status: 'rejected', reason: full });
    expect(log).toEqual(['(ab)', '(ab)', '(ab)', '(a)', '(b)', '(a)']);
  });

  it('takes nothing more of what is aborted, and steps it no more', async () => {
    const abort = new AbortController();
    const { log, read, write, turnsOf } = createLog((tokens) => {
      if (log.length === 4) abort.abort(new Error('left'));
      return counting(tokens);
    });
    const turns = turnsOf('b', abort.signal);

    const [a, b, x] = await Promise.allSettled([
      write('a', 5),
      write('b', 5, turns),
      read('x', 9, turns),
    ]);

    expect(a).toMatchObject({ value: [1, 2, 3, 4, 5] });
    expect(b).toMatchObject({ value: [1] });
    expect(x).toMatchObject({ status: 'rejected', reason: { message: 'left' } });
    expect(log.slice(0, 5)).toEqual(['x', '(ab)', 'x', '(ab)', '(a)']);
  });

  it('goes on after a pause', async () => {
    const { log, read, write } = createLog();
    await read('x', 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await write('a', 1);

    expect(log).toEqual(['x', '(a)']);
  });
});
