import {
  MAX_RUNNING_BATCH_REQUESTS,
  MAX_RUNNING_REQUESTS,
  MAX_SEQUENCES,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { FairQueue, type QueueTicket } from './fair-queue.js';
import { type MemoryCosts, type MemoryEstimate, totalBytes } from './memory-estimate.js';

/** Memory reserved for an admitted request. */
export interface Reservation {
  /** Sequences that the request may have open at once, 1 or more. */
  readonly sequences: number;
  /** Lowers the estimate, so that waiting requests may be admitted. */
  shrink(estimate: MemoryEstimate): void;
  release(): void;
}

/** Admits requests while the worst case of all admitted requests fits the memory budget. */
export interface MemoryAdmission {
  /** Never more than the budget. */
  readonly reservedBytes: number;
  /**
   * Waits until the estimate fits beside the other requests.
   *
   * @throws CONTEXT_LENGTH_EXCEEDED if it exceeds the whole budget; the signal's reason if it aborts.
   */
  acquire(ticket: QueueTicket, estimate: MemoryEstimate, signal: AbortSignal): Promise<Reservation>;
}

interface WaitingRequest {
  readonly ticket: QueueTicket;
  readonly estimate: MemoryEstimate;
  readonly admit: (reservation: Reservation) => void;
}

interface AdmittedRequest {
  readonly ticket: QueueTicket;
  estimate: MemoryEstimate;
}

/**
 * Reserves before any work is done. A request at the head of the queue that does not fit blocks the requests behind it;
 * otherwise small requests would starve a large one. A request with more conversations than fit gets fewer sequences.
 */
export function createMemoryAdmission(
  budgetBytes: number,
  costs: Pick<MemoryCosts, 'cacheBytesPerToken'>,
): MemoryAdmission {
  const queue = new FairQueue<WaitingRequest>();
  const admitted = new Set<AdmittedRequest>();
  const reservedBytes = (added: readonly MemoryEstimate[] = []) =>
    totalBytes([...added, ...[...admitted].map(({ estimate }) => estimate)], costs);

  function admitWaiting(): void {
    for (;;) {
      const all = [...admitted];
      const batch = all.filter(({ ticket }) => ticket.priority === 'batch').length;
      const sequences = all.reduce((sum, { estimate }) => sum + estimate.sequences, 0);
      if (all.length >= MAX_RUNNING_REQUESTS || sequences >= MAX_SEQUENCES) return;
      const priorities = batch < MAX_RUNNING_BATCH_REQUESTS ? 'all' : 'interactive';
      const filter = { priorities, isEligible: hasFreeSlot } as const;
      const next = queue.peek(filter);
      if (!next) return;
      const freeSequences = Math.min(next.estimate.sequences, MAX_SEQUENCES - sequences);
      const estimate = { ...next.estimate, sequences: freeSequences };
      if (reservedBytes([estimate]) > budgetBytes) return;
      queue.pop(filter);
      const request = { ticket: next.ticket, estimate };
      admitted.add(request);
      next.admit(reservationOf(request));
    }
  }

  /** The last slot is left to another client, whose first request therefore starts at once. */
  function hasFreeSlot(client: string): boolean {
    const own = [...admitted].filter(({ ticket }) => ticket.client === client).length;
    return own < MAX_RUNNING_REQUESTS - 1;
  }

  function reservationOf(request: AdmittedRequest): Reservation {
    const { sequences } = request.estimate;
    return {
      sequences,
      shrink(estimate) {
        request.estimate = { ...estimate, sequences };
        admitWaiting();
      },
      release() {
        if (admitted.delete(request)) admitWaiting();
      },
    };
  }

  /** Lowers the number of sequences until the estimate fits an otherwise empty budget. */
  function fitBudget(estimate: MemoryEstimate): MemoryEstimate {
    const bytesOf = (sequences: number) => totalBytes([{ ...estimate, sequences }], costs);
    let sequences = Math.min(estimate.sequences, MAX_SEQUENCES);
    while (sequences > 0 && bytesOf(sequences) > budgetBytes) sequences -= 1;
    if (sequences > 0) return { ...estimate, sequences };
    throw new SalamandraError(
      'CONTEXT_LENGTH_EXCEEDED',
      `Prompt and answer need ${toMegabytes(bytesOf(1))} MB of memory, and requests may use ${toMegabytes(budgetBytes)} MB. ` +
        'Shorten the prompt, lower max_tokens, or raise SALAMANDRA_MEMORY_MB.',
    );
  }

  return {
    get reservedBytes() {
      return reservedBytes();
    },
    async acquire(ticket, wanted, signal) {
      signal.throwIfAborted();
      const estimate = fitBudget(wanted);
      return await new Promise<Reservation>((resolve, reject) => {
        const waiting: WaitingRequest = {
          ...{ ticket, estimate },
          admit(reservation) {
            signal.removeEventListener('abort', onAbort);
            resolve(reservation);
          },
        };
        const onAbort = () => {
          queue.remove(waiting);
          reject(signal.reason as Error);
          // The request behind it may fit.
          admitWaiting();
        };
        signal.addEventListener('abort', onAbort);
        queue.push(ticket, waiting, positionsOf(estimate));
        admitWaiting();
      });
    },
  };
}

/** The cost of a request: positions to prefill and to decode. */
function positionsOf({ sharedPositions, ownPositions, sequences }: MemoryEstimate): number {
  return sharedPositions + ownPositions * sequences;
}

function toMegabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
