import { FairQueue, type Ticket } from './fair-queue.js';

/** A request's own place in the order, and the signal that ends its work. */
export interface Turns {
  readonly ticket: Ticket;
  readonly signal: AbortSignal;
}

/** Work that waits; it never fails, since whoever asked for it is told how it ended. */
export interface QueuedWork<Share> {
  run(share: Share): Promise<void>;
}

/**
 * Puts work into a queue, whose owner runs it in its turn.
 *
 * @throws what the work throws; the signal's reason, without doing it, when the signal aborts before.
 */
export function queueWork<T, Share>(
  queue: FairQueue<QueuedWork<Share>>,
  { ticket, signal }: Turns,
  doWork: (share: Share) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      if (queue.remove(queued)) reject(signal.reason as Error);
    };
    const queued: QueuedWork<Share> = {
      async run(share) {
        signal.removeEventListener('abort', onAbort);
        const result = Promise.resolve(share).then(doWork);
        resolve(result);
        await result.catch(() => undefined);
      },
    };
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    signal.addEventListener('abort', onAbort);
    queue.push(ticket, queued);
  });
}

/** Turns in the order of arrival, for work that is nobody's in particular. */
export function createArrivals(): (signal?: AbortSignal) => Turns {
  let arrivals = 0;
  return (signal = new AbortController().signal) => {
    arrivals += 1;
    return { ticket: { number: arrivals, client: '', priority: 'interactive' }, signal };
  };
}

/** Something that one request at a time can have. */
export interface FairTurns {
  /** Does work when it is this request's turn. @throws as `queueWork` does */
  turn<T>(turns: Turns, doWork: () => Promise<T>): Promise<T>;
}

export function createFairTurns(): FairTurns {
  const queue = new FairQueue<QueuedWork<void>>();
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    for (let next = queue.pop(); next; next = queue.pop()) await next.run();
    isWorking = false;
  }

  return {
    turn(turns, doWork) {
      const result = queueWork(queue, turns, doWork);
      void work();
      return result;
    },
  };
}
