import { FairQueue, type QueueTicket } from './fair-queue.js';

/** A request's own place in the order, and the signal that ends its work. */
export interface RequestHandle {
  readonly ticket: QueueTicket;
  readonly signal: AbortSignal;
}

/** Work that waits; it never fails, since whoever asked for it is told how it ended. */
export interface QueuedTask<Share> {
  run(share: Share): Promise<void>;
}

/**
 * Puts work into a queue, whose owner runs it in its turn.
 *
 * @throws what the work throws; the signal's reason, without doing it, when the signal aborts before.
 */
export function enqueue<T, Share>(
  queue: FairQueue<QueuedTask<Share>>,
  { ticket, signal }: RequestHandle,
  doWork: (share: Share) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      if (queue.remove(queued)) reject(signal.reason as Error);
    };
    const queued: QueuedTask<Share> = {
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
export function createArrivalHandles(): (signal?: AbortSignal) => RequestHandle {
  let arrivals = 0;
  return (signal = new AbortController().signal) => {
    arrivals += 1;
    return { ticket: { number: arrivals, client: '', priority: 'interactive' }, signal };
  };
}

/** Something that one request at a time can have. */
export interface FairMutex {
  /** Does work when it is this request's turn. @throws as `queueWork` does */
  runExclusive<T>(turns: RequestHandle, doWork: () => Promise<T>): Promise<T>;
}

export function createFairMutex(): FairMutex {
  const queue = new FairQueue<QueuedTask<void>>();
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    for (let next = queue.pop(); next; next = queue.pop()) await next.run();
    isWorking = false;
  }

  return {
    runExclusive(turns, doWork) {
      const result = enqueue(queue, turns, doWork);
      void work();
      return result;
    },
  };
}
