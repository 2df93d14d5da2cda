import { FairQueue, type QueueFilter } from './fair-queue.js';
import type { Priority } from '../vision-language-engine.js';

/** A queue of items named by client and arrival number: `anna 1`. */
function queueOf(...entries: readonly (readonly [string, Priority?])[]) {
  const queue = new FairQueue<string>();
  for (const [index, [client, priority = 'interactive']] of entries.entries()) {
    const number = index + 1;
    queue.push({ number, client, priority }, `${client} ${number}`);
  }
  return queue;
}

function drain(queue: FairQueue<string>, filter: QueueFilter = {}): string[] {
  const items: string[] = [];
  for (let next = queue.pop(filter); next !== undefined; next = queue.pop(filter)) {
    items.push(next);
  }
  return items;
}

describe('FairQueue', () => {
  it('serves clients round-robin, in arrival order within a client', () => {
    const queue = queueOf(['anna'], ['anna'], ['anna'], ['bernat'], ['carla'], ['bernat']);

    expect(drain(queue)).toEqual(['anna 1', 'bernat 4', 'carla 5', 'anna 2', 'bernat 6', 'anna 3']);
    expect(queue.isEmpty).toBe(true);
  });

  it('shares the cost, not the number of items', () => {
    const queue = new FairQueue<string>();
    const push = (client: string, number: number, cost: number) =>
      queue.push({ number, client, priority: 'interactive' }, `${client} ${number}`, cost);
    for (const number of [1, 2]) push('anna', number, 30);
    for (const number of [3, 4, 5, 6]) push('bernat', number, 10);

    expect(drain(queue)).toEqual([
      ...['anna 1', 'bernat 3', 'bernat 4', 'bernat 5'],
      ...['anna 2', 'bernat 6'],
    ]);
  });

  it('gives a client that was absent no credit', () => {
    const queue = queueOf(...Array.from({ length: 5 }, () => ['anna'] as const));
    for (let served = 0; served < 3; served++) queue.pop();
    for (const number of [6, 7, 8]) {
      queue.push({ number, client: 'bernat', priority: 'interactive' }, `bernat ${number}`);
    }

    expect(drain(queue)).toEqual(['bernat 6', 'anna 4', 'bernat 7', 'anna 5', 'bernat 8']);
  });

  it('skips clients that are not eligible', () => {
    const queue = queueOf(['anna'], ['anna'], ['bernat']);
    const filter = { isEligible: (client: string) => client !== 'anna' };

    expect(queue.peek(filter)).toBe('bernat 3');
    expect(drain(queue, filter)).toEqual(['bernat 3']);
    expect(drain(queue)).toEqual(['anna 1', 'anna 2']);
  });

  it('moves a served client behind the others', () => {
    const queue = queueOf(['anna'], ['bernat']);
    expect(queue.pop()).toBe('anna 1');
    queue.push({ number: 3, client: 'anna', priority: 'interactive' }, 'anna 3');

    expect(drain(queue)).toEqual(['bernat 2', 'anna 3']);
  });

  it('serves the older request of a client first', () => {
    const queue = new FairQueue<string>();
    const ticket = (number: number) => ({ number, client: 'a', priority: 'interactive' }) as const;
    queue.push(ticket(2), 'new');
    queue.push(ticket(1), 'old, next chunk');
    queue.push(ticket(2), 'new, next chunk');

    expect(drain(queue)).toEqual(['old, next chunk', 'new', 'new, next chunk']);
  });

  it('serves interactive items first, and a batch item at every fifth pop', () => {
    const interactive = Array.from({ length: 9 }, () => ['anna'] as const);
    const queue = queueOf(['job', 'batch'], ['job', 'batch'], ['job', 'batch'], ...interactive);

    const order = drain(queue).map((item) => (item.startsWith('job') ? 'b' : 'i'));
    expect(order.join('')).toBe('iiiibiiiibib');
  });

  it('peeks without removing, and can exclude batch items', () => {
    const queue = queueOf(['job', 'batch'], ['anna']);

    expect(queue.peek()).toBe('anna 2');
    expect(queue.peek()).toBe('anna 2');
    expect(drain(queue, { priorities: 'interactive' })).toEqual(['anna 2']);
    expect(queue.peek({ priorities: 'interactive' })).toBeUndefined();
    expect(drain(queue)).toEqual(['job 1']);
  });

  it('removes waiting items', () => {
    const queue = queueOf(['anna'], ['anna'], ['bernat']);

    expect([queue.remove('anna 1'), queue.remove('anna 1'), queue.remove('bernat 3')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(drain(queue)).toEqual(['anna 2']);
  });
});
