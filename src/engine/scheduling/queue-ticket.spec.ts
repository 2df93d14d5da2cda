import { createFairSlots, type RequestHandle } from './queue-ticket.js';

let number = 0;

function handleOf(
  client: string,
  priority: 'interactive' | 'batch' = 'interactive',
  signal = new AbortController().signal,
): RequestHandle {
  return { ticket: { number: ++number, client, priority }, signal };
}

/** Tasks that the test ends one by one, and a log of their starts. */
function createTasks() {
  const log: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const task = (name: string) => () => {
    log.push(name);
    return new Promise<string>((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve(name)));
    });
  };
  const endNext = async (error?: Error) => {
    await new Promise((resolve) => setImmediate(resolve));
    ends.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, task, endNext };
}

describe('createFairSlots', () => {
  it('runs one task at a time: interactive before batch, clients round-robin', async () => {
    const slots = createFairSlots();
    const { log, task, endNext } = createTasks();

    const all = [
      slots.run(handleOf('job', 'batch'), task('job 1')),
      slots.run(handleOf('job', 'batch'), task('job 2')),
      slots.run(handleOf('a'), task('a1')),
      slots.run(handleOf('a'), task('a2')),
      slots.run(handleOf('b'), task('b')),
    ];
    await endNext();
    expect(log).toEqual(['job 1', 'a1']);
    for (let i = 0; i < 4; i++) await endNext();

    expect(log).toEqual(['job 1', 'a1', 'b', 'a2', 'job 2']);
    expect(await Promise.all(all)).toEqual(['job 1', 'job 2', 'a1', 'a2', 'b']);
  });

  it('skips aborted tasks and continues after a failed one', async () => {
    const slots = createFairSlots();
    const { log, task, endNext } = createTasks();
    const abort = new AbortController();

    const failing = expect(slots.run(handleOf('a'), task('failing'))).rejects.toThrow('broken');
    const aborted = slots.run(handleOf('b', 'interactive', abort.signal), task('aborted'));
    const rejection = expect(aborted).rejects.toThrow('gone');
    const last = slots.run(handleOf('c'), task('last'));
    abort.abort(new Error('gone'));
    await rejection;
    await endNext(new Error('broken'));
    await failing;
    await endNext();

    expect(await last).toBe('last');
    expect(log).toEqual(['failing', 'last']);
    await expect(
      slots.run(handleOf('d', 'interactive', abort.signal), task('too late')),
    ).rejects.toThrow('gone');
    expect(log).toHaveLength(2);
  });

  it('leaves a slot to another client', async () => {
    const slots = createFairSlots(3, 2);
    const { log, task, endNext } = createTasks();
    const all = ['a1', 'a2', 'a3'].map((name) => slots.run(handleOf('a'), task(name)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['a1', 'a2']);

    all.push(slots.run(handleOf('b'), task('b1')), slots.run(handleOf('b'), task('b2')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual(['a1', 'a2', 'b1']);
    for (let i = 0; i < 5; i++) await endNext();

    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2']);
  });
});
