import { FairQueue } from './fair-queue.js';
import type { Priority } from '../vision-language-engine.js';

/** A queue of items named after their client and their number: `anna 1`. */
function queueOf(...entries: readonly (readonly [string, Priority?])[]) {
  const queue = new FairQueue<string>();
  for (const [index, [client, priority = 'interactive']] of entries.entries()) {
    const number = index + 1;
    queue.push({ number, client, priority }, `${client} ${number}`);
  }
  return queue;
}

function drain(queue: FairQueue<string>, classes?: 'all' | 'interactive'): string[] {
  const items: string[] = [];
  for (let next = queue.pop(classes); next !== undefined; next = queue.pop(classes)) {
    items.push(next);
  }
  return items;
}

describe('FairQueue', () => {
  it('lets clients take turns, and keeps the order of each', () => {
    const queue = queueOf(['anna'], ['anna'], ['anna'], ['bernat'], ['carla'], ['bernat']);

    expect(drain(queue)).toEqual(['anna 1', 'bernat 4', 'carla 5', 'anna 2', 'bernat 6', 'anna 3']);
    expect(queue.isEmpty).toBe(true);
  });

  it('puts a client that comes back behind the others', () => {
    const queue = queueOf(['anna'], ['bernat']);
    expect(queue.pop()).toBe('anna 1');
    queue.push({ number: 3, client: 'anna', priority: 'interactive' }, 'anna 3');

    expect(drain(queue)).toEqual(['bernat 2', 'anna 3']);
  });

  it('goes on with the older of a client before the newer', () => {
    const queue = new FairQueue<string>();
    const ticket = (number: number) => ({ number, client: 'a', priority: 'interactive' }) as const;
    queue.push(ticket(2), 'new');
    queue.push(ticket(1), 'old, next piece');
    queue.push(ticket(2), 'new, next piece');

    expect(drain(queue)).toEqual(['old, next piece', 'new', 'new, next piece']);
  });

  it('puts interactive work before batch, which has one turn in five', () => {
    const many = Array.from({ length: 9 }, () => ['anna'] as const);
    const queue = queueOf(['job', 'batch'], ['job', 'batch'], ['job', 'batch'], ...many);

    const order = drain(queue).map((item) => (item.startsWith('job') ? 'b' : 'i'));
    expect(order.join('')).toBe('iiiibiiiibib');
  });

  it('shows who is next without taking it, and can leave batch out', () => {
    const queue = queueOf(['job', 'batch'], ['anna']);

    expect(queue.peek()).toBe('anna 2');
    expect(queue.peek()).toBe('anna 2');
    expect(drain(queue, 'interactive')).toEqual(['anna 2']);
    expect(queue.peek('interactive')).toBeUndefined();
    expect(drain(queue)).toEqual(['job 1']);
  });

  it('forgets what does not wait any more', () => {
    const queue = queueOf(['anna'], ['anna'], ['bernat']);

    expect([queue.remove('anna 1'), queue.remove('anna 1'), queue.remove('bernat 3')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(drain(queue)).toEqual(['anna 2']);
  });
});
