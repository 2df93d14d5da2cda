import { createFairMutex, type RequestHandle } from './queue-ticket.js';

let number = 0;

function turnsOf(
  client: string,
  priority: 'interactive' | 'batch' = 'interactive',
  signal = new AbortController().signal,
): RequestHandle {
  return { ticket: { number: ++number, client, priority }, signal };
}

/** Work that ends when it is told to, and who did some, in order. */
function createWork() {
  const log: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const work = (name: string) => () => {
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
  return { log, work, endNext };
}

describe('createFairTurns', () => {
  it('lets one at a time work: interactive before batch, clients in turn', async () => {
    const turns = createFairMutex();
    const { log, work, endNext } = createWork();

    const all = [
      turns.runExclusive(turnsOf('job', 'batch'), work('clip 1')),
      turns.runExclusive(turnsOf('job', 'batch'), work('clip 2')),
      turns.runExclusive(turnsOf('a'), work('a1')),
      turns.runExclusive(turnsOf('a'), work('a2')),
      turns.runExclusive(turnsOf('b'), work('b')),
    ];
    await endNext();
    expect(log).toEqual(['clip 1', 'a1']);
    for (let i = 0; i < 4; i++) await endNext();

    expect(log).toEqual(['clip 1', 'a1', 'b', 'a2', 'clip 2']);
    expect(await Promise.all(all)).toEqual(['clip 1', 'clip 2', 'a1', 'a2', 'b']);
  });

  it('leaves out who has left, and goes on after work that fails', async () => {
    const turns = createFairMutex();
    const { log, work, endNext } = createWork();
    const abort = new AbortController();

    const failing = expect(turns.runExclusive(turnsOf('a'), work('failing'))).rejects.toThrow(
      'broken',
    );
    const left = turns.runExclusive(turnsOf('b', 'interactive', abort.signal), work('left'));
    const leaving = expect(left).rejects.toThrow('gone');
    const last = turns.runExclusive(turnsOf('c'), work('last'));
    abort.abort(new Error('gone'));
    await leaving;
    await endNext(new Error('broken'));
    await failing;
    await endNext();

    expect(await last).toBe('last');
    expect(log).toEqual(['failing', 'last']);
    await expect(
      turns.runExclusive(turnsOf('d', 'interactive', abort.signal), work('too late')),
    ).rejects.toThrow('gone');
    expect(log).toHaveLength(2);
  });
});
