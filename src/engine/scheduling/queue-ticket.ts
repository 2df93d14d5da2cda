import { FairQueue, type QueueTicket } from './fair-queue.js';

/** Identifies a request in every queue, and cancels its work. */
export interface RequestHandle {
  readonly ticket: QueueTicket;
  readonly signal: AbortSignal;
}

/** A queued task. `run` never rejects: the promise that `enqueue` returned carries the error. */
export interface QueuedTask<Argument> {
  run(argument: Argument): Promise<void>;
}

/**
 * Adds a task to a queue. The owner of the queue pops and runs it.
 *
 * @param cost see `FairQueue.push`.
 * @returns the task's result.
 * @throws the task's error; the signal's reason if it aborts while the task waits.
 */
export function enqueue<T, Argument>(
  queue: FairQueue<QueuedTask<Argument>>,
  { ticket, signal }: RequestHandle,
  task: (argument: Argument) => Promise<T>,
  cost = 1,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      if (queue.remove(queued)) reject(signal.reason as Error);
    };
    const queued: QueuedTask<Argument> = {
      async run(argument) {
        signal.removeEventListener('abort', onAbort);
        const result = Promise.resolve(argument).then(task);
        resolve(result);
        await result.catch(() => undefined);
      },
    };
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    signal.addEventListener('abort', onAbort);
    queue.push(ticket, queued, cost);
  });
}

/** Handles in order of arrival, for work that belongs to no client. */
export function createArrivalHandles(): (signal?: AbortSignal) => RequestHandle {
  let arrivals = 0;
  return (signal = new AbortController().signal) => {
    arrivals += 1;
    return { ticket: { number: arrivals, client: '', priority: 'interactive' }, signal };
  };
}

/** A mutex whose waiters are served in the order of a fair queue. */
export interface FairMutex {
  /** Runs the task while no other task runs. @throws like `enqueue` */
  runExclusive<T>(handle: RequestHandle, task: () => Promise<T>, cost?: number): Promise<T>;
}

export function createFairMutex(): FairMutex {
  const queue = new FairQueue<QueuedTask<void>>();
  let isRunning = false;

  async function drain(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    for (let next = queue.pop(); next; next = queue.pop()) await next.run();
    isRunning = false;
  }

  return {
    runExclusive(handle, task, cost) {
      const result = enqueue(queue, handle, task, cost);
      void drain();
      return result;
    },
  };
}
