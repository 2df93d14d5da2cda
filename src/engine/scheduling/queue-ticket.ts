import { FairQueue, type QueueTicket } from './fair-queue.js';

/** Identifies a request in every queue, and cancels its work. */
export interface RequestHandle {
  readonly ticket: QueueTicket;
  readonly signal: AbortSignal;
}

/** A queued task. `run` never rejects: the promise that `enqueue` returned carries the error. */
export interface QueuedTask<Argument> {
  readonly client: string;
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
      client: ticket.client,
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

/** Handles in order of arrival. */
export function createArrivalHandles(): (signal?: AbortSignal, client?: string) => RequestHandle {
  let arrivals = 0;
  return (signal = new AbortController().signal, client = '') => {
    arrivals += 1;
    return { ticket: { number: arrivals, client, priority: 'interactive' }, signal };
  };
}

/** Runs a limited number of tasks at once, in the order of a fair queue. */
export interface FairSlots {
  /** Runs the task when a slot is free. @throws like `enqueue` */
  run<T>(handle: RequestHandle, task: () => Promise<T>, cost?: number): Promise<T>;
}

/** @param perClient slots that one client may take, so that the first task of another client starts at once */
export function createFairSlots(slots = 1, perClient = slots): FairSlots {
  const queue = new FairQueue<QueuedTask<void>>();
  const running: string[] = [];
  const isEligible = (client: string) =>
    running.filter((each) => each === client).length < perClient;

  function startWaiting(): void {
    while (running.length < slots) {
      const next = queue.pop({ isEligible });
      if (!next) return;
      void runTask(next);
    }
  }

  async function runTask(task: QueuedTask<void>): Promise<void> {
    running.push(task.client);
    await task.run();
    running.splice(running.indexOf(task.client), 1);
    startWaiting();
  }

  return {
    run(handle, task, cost) {
      const result = enqueue(queue, handle, task, cost);
      startWaiting();
      return result;
    },
  };
}
