import { createFairMutex, type RequestHandle } from './queue-ticket.js';

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

describe('createFairMutex', () => {
  it('runs one task at a time: interactive before batch, clients round-robin', async () => {
    const mutex = createFairMutex();
    const { log, task, endNext } = createTasks();

    const all = [
      mutex.runExclusive(handleOf('job', 'batch'), task('job 1')),
      mutex.runExclusive(handleOf('job', 'batch'), task('job 2')),
      mutex.runExclusive(handleOf('a'), task('a1')),
      mutex.runExclusive(handleOf('a'), task('a2')),
      mutex.runExclusive(handleOf('b'), task('b')),
    ];
    await endNext();
    expect(log).toEqual(['job 1', 'a1']);
    for (let i = 0; i < 4; i++) await endNext();

    expect(log).toEqual(['job 1', 'a1', 'b', 'a2', 'job 2']);
    expect(await Promise.all(all)).toEqual(['job 1', 'job 2', 'a1', 'a2', 'b']);
  });

  it('skips aborted tasks and continues after a failed one', async () => {
    const mutex = createFairMutex();
    const { log, task, endNext } = createTasks();
    const abort = new AbortController();

    const failing = expect(mutex.runExclusive(handleOf('a'), task('failing'))).rejects.toThrow(
      'broken',
    );
    const aborted = mutex.runExclusive(handleOf('b', 'interactive', abort.signal), task('aborted'));
    const rejection = expect(aborted).rejects.toThrow('gone');
    const last = mutex.runExclusive(handleOf('c'), task('last'));
    abort.abort(new Error('gone'));
    await rejection;
    await endNext(new Error('broken'));
    await failing;
    await endNext();

    expect(await last).toBe('last');
    expect(log).toEqual(['failing', 'last']);
    await expect(
      mutex.runExclusive(handleOf('d', 'interactive', abort.signal), task('too late')),
    ).rejects.toThrow('gone');
    expect(log).toHaveLength(2);
  });
});
