import {
  MAX_RUNNING_BATCH_REQUESTS,
  MAX_RUNNING_REQUESTS,
  MAX_SEQUENCES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { FairQueue, type QueueTicket } from './fair-queue.js';
import { totalBytes, type MemoryCosts, type MemoryEstimate } from './memory-estimate.js';

/** What an admitted request has until it leaves. */
export interface Reservation {
  /** How many of its conversations may be open at once: 1 or more. */
  readonly sequences: number;
  /** Gives back what turned out not to be needed. */
  shrink(need: MemoryEstimate): void;
  release(): void;
}

/** Lets requests in while there is memory for the worst that they may come to need. */
export interface MemoryAdmission {
  /** What is reserved: never more than the budget. */
  readonly reservedBytes: number;
  /** @throws CONTEXT_LENGTH_EXCEEDED at once for what never fits; the signal's reason when it aborts before. */
  acquire(ticket: QueueTicket, need: MemoryEstimate, signal: AbortSignal): Promise<Reservation>;
}

interface Waiter {
  readonly ticket: QueueTicket;
  readonly need: MemoryEstimate;
  readonly enter: (place: Reservation) => void;
}

/** One that was let in. */
interface Guest {
  readonly ticket: QueueTicket;
  need: MemoryEstimate;
}

/**
 * Reserves before any work is done. Who is next in turn and does not fit waits, and the others wait behind, or a large
 * request would never come in among small ones. Of many conversations as many are open at once as the budget holds.
 */
export function createMemoryAdmission(
  budgetBytes: number,
  costs: Pick<MemoryCosts, 'cacheBytesPerToken'>,
): MemoryAdmission {
  const queue = new FairQueue<Waiter>();
  const guests = new Set<Guest>();
  const reserved = (beside: readonly MemoryEstimate[] = []) =>
    totalBytes([...beside, ...[...guests].map(({ need }) => need)], costs);

  function admit(): void {
    for (;;) {
      const all = [...guests];
      const batch = all.filter(({ ticket }) => ticket.priority === 'batch').length;
      const sequences = all.reduce((sum, { need }) => sum + need.sequences, 0);
      if (all.length >= MAX_RUNNING_REQUESTS || sequences >= MAX_SEQUENCES) return;
      const classes = batch < MAX_RUNNING_BATCH_REQUESTS ? 'all' : 'interactive';
      const waiter = queue.peek(classes);
      if (!waiter) return;
      const fewer = Math.min(waiter.need.sequences, MAX_SEQUENCES - sequences);
      const need = { ...waiter.need, sequences: fewer };
      if (reserved([need]) > budgetBytes) return;
      queue.pop(classes);
      const guest = { ticket: waiter.ticket, need };
      guests.add(guest);
      waiter.enter(placeOf(guest));
    }
  }

  function placeOf(guest: Guest): Reservation {
    const { sequences } = guest.need;
    return {
      sequences,
      shrink(need) {
        guest.need = { ...need, sequences };
        admit();
      },
      release() {
        if (guests.delete(guest)) admit();
      },
    };
  }

  /** As many conversations at once as fit where nothing else is. */
  function fit(need: MemoryEstimate): MemoryEstimate {
    const bytesOf = (sequences: number) => totalBytes([{ ...need, sequences }], costs);
    let sequences = Math.min(need.sequences, MAX_SEQUENCES);
    while (sequences > 0 && bytesOf(sequences) > budgetBytes) sequences -= 1;
    if (sequences > 0) return { ...need, sequences };
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      'Prompt and answer take more memory than the service has for them.',
    );
  }

  return {
    get reservedBytes() {
      return reserved();
    },
    async acquire(ticket, wished, signal) {
      signal.throwIfAborted();
      const need = fit(wished);
      return await new Promise<Reservation>((resolve, reject) => {
        const waiter: Waiter = {
          ...{ ticket, need },
          enter(place) {
            signal.removeEventListener('abort', onAbort);
            resolve(place);
          },
        };
        const onAbort = () => {
          queue.remove(waiter);
          reject(signal.reason as Error);
          // It may have kept others waiting that fit.
          admit();
        };
        signal.addEventListener('abort', onAbort);
        queue.push(ticket, waiter);
        admit();
      });
    },
  };
}
