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

function needOf(ownPositions: number, changes: Partial<MemoryEstimate> = {}): MemoryEstimate {
  return { featureBytes: 0, sharedPositions: 0, ownPositions, sequences: 1, ...changes };
}

interface Entering {
  readonly priority?: Priority;
  readonly client?: string;
  readonly signal?: AbortSignal;
}

/** Enters, and notes who came in. */
function createDoor(budgetBytes: number) {
  const admission = createMemoryAdmission(budgetBytes, COSTS);
  const inside = new Map<string, Reservation>();
  let number = 0;
  const enter = (
    name: string,
    need: MemoryEstimate,
    { priority = 'interactive', client = name, signal = never() }: Entering = {},
  ) => {
    number += 1;
    const coming = admission.acquire({ number, client, priority }, need, signal);
    return coming.then((place) => {
      inside.set(name, place);
      return place;
    });
  };
  const leave = async (name: string) => {
    inside.get(name)?.release();
    inside.delete(name);
    await settle();
  };
  return { admission, inside, enter, leave, names: () => [...inside.keys()] };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('createAdmission', () => {
  it('lets in what fits, and the next in turn as soon as there is room', async () => {
    const { admission, enter, leave, names } = createDoor(1_000);
    void enter('a', needOf(40));
    void enter('b', needOf(40));
    void enter('c', needOf(40));
    await settle();

    expect(names()).toEqual(['a', 'b']);
    expect(admission.reservedBytes).toBe(800);
    await leave('a');
    expect(names()).toEqual(['b', 'c']);
  });

  it('never reserves more than there is, whoever comes and goes', async () => {
    const budget = 5_000;
    const { admission, inside, enter, leave, names } = createDoor(budget);
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const coming: Promise<Reservation>[] = [];
    for (let i = 0; i < 60; i++) {
      const need = needOf(1 + random(90), {
        sharedPositions: random(60),
        sequences: 1 + random(4),
        featureBytes: random(500),
      });
      coming.push(enter(`r${i}`, need, { client: `c${random(3)}` }));
      await settle();
      expect(admission.reservedBytes).toBeLessThanOrEqual(budget);
      if (random(2) === 0) await leave(names()[random(names().length)] ?? '');
      expect(admission.reservedBytes).toBeLessThanOrEqual(budget);
    }
    while (inside.size > 0) await leave(names()[0] ?? '');

    // Everybody had a turn, and nothing is left behind.
    expect(await Promise.all(coming)).toHaveLength(60);
    expect(admission.reservedBytes).toBe(0);
  });

  it('keeps small requests behind a large one that is next', async () => {
    const { enter, leave, names } = createDoor(1_000);
    void enter('small', needOf(30));
    await settle();
    void enter('large', needOf(90));
    void enter('late', needOf(10));
    await settle();
    expect(names()).toEqual(['small']);

    await leave('small');
    expect(names()).toEqual(['large']);
    await leave('large');
    expect(names()).toEqual(['late']);
  });

  it('opens as many conversations as fit where not all do', async () => {
    const { admission, enter } = createDoor(1_000);
    const place = await enter('a', needOf(30, { sharedPositions: 10, sequences: 20 }));

    // Twice ten of the beginning, and two times thirty behind it.
    expect(place.sequences).toBe(2);
    expect(admission.reservedBytes).toBe(800);
  });

  it('refuses at once what never fits', async () => {
    const { enter } = createDoor(1_000);
    void enter('a', needOf(90));

    await expect(enter('b', needOf(101))).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
    });
  });

  it('takes back what was not needed, and lets others in with it', async () => {
    const { admission, enter, names } = createDoor(1_000);
    const place = await enter('a', needOf(90));
    void enter('b', needOf(40));
    await settle();
    expect(names()).toEqual(['a']);

    place.shrink(needOf(40));
    await settle();
    expect(names()).toEqual(['a', 'b']);
    expect(admission.reservedBytes).toBe(800);
  });

  it('forgets whoever stops waiting, and those behind it come in', async () => {
    const { enter, names } = createDoor(1_000);
    void enter('a', needOf(50));
    await settle();
    const abort = new AbortController();
    const large = enter('large', needOf(90), { signal: abort.signal });
    void enter('small', needOf(20));
    await settle();
    abort.abort(new Error('left'));

    await expect(large).rejects.toThrow('left');
    await settle();
    expect(names()).toEqual(['a', 'small']);
  });

  it('keeps places free of batch work', async () => {
    const { enter, leave, names } = createDoor(1e9);
    for (let i = 0; i < MAX_RUNNING_REQUESTS; i++) {
      void enter(`job ${i}`, needOf(1), { priority: 'batch' });
    }
    await settle();
    expect(names()).toHaveLength(MAX_RUNNING_BATCH_REQUESTS);

    for (let i = 0; i < 3; i++) void enter(`person ${i}`, needOf(1));
    await settle();
    expect(names().slice(MAX_RUNNING_BATCH_REQUESTS)).toEqual(['person 0', 'person 1']);
    await leave('job 0');
    expect(names().at(-1)).toBe('person 2');
  });

  it('bounds the answers of one step', async () => {
    const { enter, names } = createDoor(1e9);
    const place = await enter('a', needOf(1, { sequences: MAX_SEQUENCES + 9 }));
    void enter('b', needOf(1));
    await settle();

    expect(place.sequences).toBe(MAX_SEQUENCES);
    expect(names()).toEqual(['a']);
  });
});

describe('bytesTogether', () => {
  it('counts for each sequence the room of the longest', () => {
    const alone = needOf(30, { sharedPositions: 100, sequences: 2, featureBytes: 7 });
    expect(totalBytes([alone], COSTS)).toBe(7 + 10 * (2 * 100 + 2 * 30));

    // Beside another request each may hold its own beginning.
    expect(totalBytes([alone, needOf(20)], COSTS)).toBe(7 + 10 * (2 * 100 + 3 * 130));
  });
});
