import {
  MAX_RUNNING_BATCH_REQUESTS,
  MAX_RUNNING_REQUESTS,
  MAX_SEQUENCES,
} from '../../config/limits.js';
import { createMemoryAdmission, type Reservation } from './memory-admission.js';
import { totalBytes, type MemoryEstimate } from './memory-estimate.js';
import type { Priority } from '../vision-language-engine.js';

const COSTS = { cacheBytesPerToken: 10 };
const never = () => new AbortController().signal;

function estimateOf(ownPositions: number, changes: Partial<MemoryEstimate> = {}): MemoryEstimate {
  return { featureBytes: 0, sharedPositions: 0, ownPositions, sequences: 1, ...changes };
}

interface RequestOptions {
  readonly priority?: Priority;
  readonly client?: string;
  readonly signal?: AbortSignal;
}

/** A memory admission that records the reservations of admitted requests by name. */
function createRecordedAdmission(budgetBytes: number) {
  const admission = createMemoryAdmission(budgetBytes, COSTS);
  const admitted = new Map<string, Reservation>();
  let number = 0;
  const acquire = (
    name: string,
    estimate: MemoryEstimate,
    { priority = 'interactive', client = name, signal = never() }: RequestOptions = {},
  ) => {
    number += 1;
    const acquired = admission.acquire({ number, client, priority }, estimate, signal);
    return acquired.then((reservation) => {
      admitted.set(name, reservation);
      return reservation;
    });
  };
  const release = async (name: string) => {
    admitted.get(name)?.release();
    admitted.delete(name);
    await settle();
  };
  return { admission, admitted, acquire, release, names: () => [...admitted.keys()] };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('createMemoryAdmission', () => {
  it('admits requests that fit, and the next one when memory is released', async () => {
    const { admission, acquire, release, names } = createRecordedAdmission(1_000);
    void acquire('a', estimateOf(40));
    void acquire('b', estimateOf(40));
    void acquire('c', estimateOf(40));
    await settle();

    expect(names()).toEqual(['a', 'b']);
    expect(admission.reservedBytes).toBe(800);
    await release('a');
    expect(names()).toEqual(['b', 'c']);
  });

  it('never reserves more than the budget, for random arrivals and releases', async () => {
    const budget = 5_000;
    const { admission, admitted, acquire, release, names } = createRecordedAdmission(budget);
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const acquired: Promise<Reservation>[] = [];
    for (let i = 0; i < 60; i++) {
      const estimate = estimateOf(1 + random(90), {
        sharedPositions: random(60),
        sequences: 1 + random(4),
        featureBytes: random(500),
      });
      acquired.push(acquire(`r${i}`, estimate, { client: `c${random(3)}` }));
      await settle();
      expect(admission.reservedBytes).toBeLessThanOrEqual(budget);
      if (random(2) === 0) await release(names()[random(names().length)] ?? '');
      expect(admission.reservedBytes).toBeLessThanOrEqual(budget);
    }
    while (admitted.size > 0) await release(names()[0] ?? '');

    // Every request was admitted, and all memory is released.
    expect(await Promise.all(acquired)).toHaveLength(60);
    expect(admission.reservedBytes).toBe(0);
  });

  it('blocks small requests behind a large one at the head of the queue', async () => {
    const { acquire, release, names } = createRecordedAdmission(1_000);
    void acquire('small', estimateOf(30));
    await settle();
    void acquire('large', estimateOf(90));
    void acquire('late', estimateOf(10));
    await settle();
    expect(names()).toEqual(['small']);

    await release('small');
    expect(names()).toEqual(['large']);
    await release('large');
    expect(names()).toEqual(['late']);
  });

  it('reserves as many sequences as fit if not all do', async () => {
    const { admission, acquire } = createRecordedAdmission(1_000);
    const reservation = await acquire('a', estimateOf(30, { sharedPositions: 10, sequences: 20 }));

    // (2 * 10 shared + 2 * 30 own positions) * 10 bytes.
    expect(reservation.sequences).toBe(2);
    expect(admission.reservedBytes).toBe(800);
  });

  it('refuses an estimate above the whole budget at once', async () => {
    const { acquire } = createRecordedAdmission(1_000);
    void acquire('a', estimateOf(90));

    await expect(acquire('b', estimateOf(101))).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
    });
  });

  it('admits waiting requests into the memory that shrink() frees', async () => {
    const { admission, acquire, names } = createRecordedAdmission(1_000);
    const reservation = await acquire('a', estimateOf(90));
    void acquire('b', estimateOf(40));
    await settle();
    expect(names()).toEqual(['a']);

    reservation.shrink(estimateOf(40));
    await settle();
    expect(names()).toEqual(['a', 'b']);
    expect(admission.reservedBytes).toBe(800);
  });

  it('removes an aborted request from the queue and admits those behind it', async () => {
    const { acquire, names } = createRecordedAdmission(1_000);
    void acquire('a', estimateOf(50));
    await settle();
    const abort = new AbortController();
    const large = acquire('large', estimateOf(90), { signal: abort.signal });
    void acquire('small', estimateOf(20));
    await settle();
    abort.abort(new Error('aborted'));

    await expect(large).rejects.toThrow('aborted');
    await settle();
    expect(names()).toEqual(['a', 'small']);
  });

  it('limits the number of batch jobs and of all requests', async () => {
    const { acquire, release, names } = createRecordedAdmission(1e9);
    for (let i = 0; i < MAX_RUNNING_REQUESTS; i++) {
      void acquire(`job ${i}`, estimateOf(1), { priority: 'batch' });
    }
    await settle();
    expect(names()).toHaveLength(MAX_RUNNING_BATCH_REQUESTS);

    for (let i = 0; i < 3; i++) void acquire(`interactive ${i}`, estimateOf(1));
    await settle();
    expect(names().slice(MAX_RUNNING_BATCH_REQUESTS)).toEqual(['interactive 0', 'interactive 1']);
    await release('job 0');
    expect(names().at(-1)).toBe('interactive 2');
  });

  it('limits the sequences of a decode batch', async () => {
    const { acquire, names } = createRecordedAdmission(1e9);
    const reservation = await acquire('a', estimateOf(1, { sequences: MAX_SEQUENCES + 9 }));
    void acquire('b', estimateOf(1));
    await settle();

    expect(reservation.sequences).toBe(MAX_SEQUENCES);
    expect(names()).toEqual(['a']);
  });
});

describe('totalBytes', () => {
  it('gives every sequence the capacity of the longest', () => {
    const estimate = estimateOf(30, { sharedPositions: 100, sequences: 2, featureBytes: 7 });
    expect(totalBytes([estimate], COSTS)).toBe(7 + 10 * (2 * 100 + 2 * 30));

    // Next to another request, each sequence may need its own copy of the prefix.
    expect(totalBytes([estimate, estimateOf(20)], COSTS)).toBe(7 + 10 * (2 * 100 + 3 * 130));
  });
});
