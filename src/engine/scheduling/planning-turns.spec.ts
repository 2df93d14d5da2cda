import { createPlanningTurns } from './planning-turns.js';
import type { RequestHandle } from './queue-ticket.js';

let arrivals = 0;
function handleOf(client: string, signal = new AbortController().signal): RequestHandle {
  arrivals += 1;
  return { ticket: { number: arrivals, client, priority: 'interactive' }, signal };
}

/** Blocks the event loop, as tokenizing does. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

it('shares the turns among clients by the length of their texts', async () => {
  const turns = createPlanningTurns();
  const order: string[] = [];
  const plan = (client: string, name: string, bytes: number) =>
    turns.run(handleOf(client), bytes, () => void order.push(name));

  await Promise.all([
    ...['a1', 'a2', 'a3'].map((name) => plan('a', name, 60_000)),
    ...['b1', 'b2', 'b3'].map((name) => plan('b', name, 30_000)),
  ]);
  expect(order).toEqual(['a1', 'b1', 'b2', 'a2', 'b3', 'a3']);
});

it('leaves two thirds of the time to other work after a long plan', async () => {
  const turns = createPlanningTurns();
  const first = turns.run(handleOf('a'), 1, () => {
    block(40);
    return performance.now();
  });
  const second = turns.run(handleOf('a'), 1, () => performance.now());
  const freeMs = (await second) - (await first);

  expect(freeMs).toBeGreaterThanOrEqual(79);
});

it('passes on the error of a plan, and goes on', async () => {
  const turns = createPlanningTurns();
  const failing = turns.run(handleOf('a'), 1, () => {
    throw new RangeError('too long');
  });

  await expect(failing).rejects.toThrow('too long');
  expect(await turns.run(handleOf('a'), 1, () => 7)).toBe(7);
});

it('drops a plan whose request was cancelled while it waited', async () => {
  const turns = createPlanningTurns();
  const abort = new AbortController();
  let isPlanned = false;
  const first = turns.run(handleOf('a'), 1, () => block(10));
  const second = turns.run(handleOf('b', abort.signal), 1, () => (isPlanned = true));
  abort.abort(new Error('gone'));

  await first;
  await expect(second).rejects.toThrow('gone');
  expect(isPlanned).toBe(false);
});
