import { setImmediate, setTimeout } from 'node:timers/promises';

import { SalamandraError } from '../errors/salamandra-error.js';
import { assessEarlierItems } from './assess-items.js';
import type { ProcessItem } from './caption-item.js';
import { type Claim, claimItems, type ItemOutcome, LEASE_MS } from './claims.js';
import { classifyDatabaseError, describeDatabaseError } from './database/database-errors.js';
import { actionAfter, delayAfter, MAX_HOLD_MS } from './failure-policy.js';
import { failItem, finishItems, releaseItems } from './finish-items.js';
import { finishDeletions, getJob, holdJob, type RemoveFiles } from './jobs.js';
import { expireLeases, renewLeases } from './leases.js';
import { type ListingOptions, listNextSource } from './list-source-items.js';
import type { PinnedModel } from './recipe.js';
import { settleJobs } from './settle-jobs.js';
import {
  createWorkerId,
  forgetLostWorkers,
  heartbeat,
  registerWorker,
  removeWorker,
} from './workers.js';

/** Milliseconds between two looks at an empty queue, each with a check for jobs that are done and leases that ended. */
const POLL_MS = 500;
/** Milliseconds between two such checks of a worker that has items: others without one check more often. */
const BUSY_CHECK_MS = 5_000;
/** Milliseconds between two tries of a database that cannot be written. */
const DATABASE_RETRY_MS = 2_000;

/** What is told about an item whose result the database does not accept. */
const NOT_STORABLE = {
  code: 'INTERNAL',
  message: 'The result could not be stored: the database rejects its values.',
};

export interface JobWorkerOptions extends ListingOptions {
  readonly model: PinnedModel;
  /** The model as it was asked for; see `ClaimOptions`. */
  readonly modelName: string;
  readonly process: ProcessItem;
  /** Called now and then, one call at a time, for what follows the end of a job. */
  readonly settle?: (() => Promise<void>) | undefined;
  readonly removeFiles?: RemoveFiles | undefined;
  /** Items in work at the same time. */
  readonly parallel: number;
  /** Milliseconds that a claim is valid without a renewal. Default: LEASE_MS. */
  readonly leaseMs?: number;
  /** Called after each item that this worker stored or failed. */
  readonly onItem?: (claim: Claim, result: ItemOutcome | { readonly error: unknown }) => void;
}

/**
 * Works on the job `jobId` until it ends, or without one on all jobs, until `stop` is aborted. Then the items in work
 * are finished, unless `abandon` is aborted too: they go back to the queue.
 *
 * A result and the state of its item are stored in one transaction, and only while the lease is held. If the process is
 * killed at any moment, the lease ends and another worker does the item again.
 *
 * @throws the errors that make this worker useless, such as a model that cannot be loaded.
 */
export async function runJobWorker(
  options: JobWorkerOptions,
  stop: AbortSignal,
  abandon: AbortSignal = new AbortController().signal,
): Promise<void> {
  await new JobWorker(options, stop, abandon).run();
}

interface FinishedItem {
  readonly claim: Claim;
  readonly outcome: ItemOutcome;
}

class JobWorker {
  private readonly id = createWorkerId();
  /** Claimed, and not begun. */
  private readonly ready: Claim[] = [];
  private readonly inWork = new Map<Claim, AbortController>();
  private readonly finished: FinishedItem[] = [];
  private storing: Promise<void> = Promise.resolve();
  private listing: Promise<void> | undefined;
  private settling: Promise<void> | undefined;
  private fatal: Error | undefined;
  private itemsDone = 0;
  private lastHousekeepingMs = -Infinity;
  private isQueueEmpty = true;
  /** Wakes the loop when an item ends. */
  private wake: () => void = () => {};

  constructor(
    private readonly options: JobWorkerOptions,
    private readonly stop: AbortSignal,
    private readonly abandon: AbortSignal,
  ) {}

  async run(): Promise<void> {
    const { database, model } = this.options;
    await this.patiently(async () => {
      await forgetLostWorkers(database);
      await registerWorker(database, this.id, model);
    });
    void finishDeletions(database, this.options.removeFiles).catch(() => undefined);
    void assessEarlierItems(database).catch(() => undefined);
    const onStop = () => this.wake();
    this.stop.addEventListener('abort', onStop);
    this.abandon.addEventListener('abort', this.abandonItems);
    const beat = setInterval(() => void this.beat(), (this.options.leaseMs ?? LEASE_MS) / 3);
    try {
      await this.work();
      await this.drain();
    } finally {
      clearInterval(beat);
      this.stop.removeEventListener('abort', onStop);
      this.abandon.removeEventListener('abort', this.abandonItems);
      await removeWorker(database, this.id).catch(() => undefined);
    }
    if (this.fatal !== undefined) throw this.fatal;
  }

  private async work(): Promise<void> {
    const { parallel } = this.options;
    while (!this.stop.aborted && this.fatal === undefined) {
      try {
        await this.housekeep();
        // Claimed ahead, so that no item waits for the database and several are claimed in one transaction.
        const isEmpty = this.ready.length <= parallel / 2 && !(await this.claimAhead());
        this.isQueueEmpty = isEmpty;
        while (this.inWork.size < parallel && this.ready.length > 0) this.startNext();
        if (isEmpty && (await this.isOver())) return;
        if (isEmpty || this.inWork.size >= parallel) await this.pause(POLL_MS);
      } catch (error) {
        this.options.onNote?.(
          `The job database cannot be used: ${describeDatabaseError(error)}. Trying again.`,
        );
        await this.pause(DATABASE_RETRY_MS);
      }
    }
  }

  /** @returns whether the queue had items. */
  private async claimAhead(): Promise<boolean> {
    const { database, parallel: limit, jobId, kinds, model, modelName, leaseMs } = this.options;
    const inHand = [...this.ready, ...this.inWork.keys()];
    if (limit === 0 || inHand.some(({ isSuspect }) => isSuspect)) return false;
    const isIdle = inHand.length === 0;
    const options = { limit, jobId, kinds, modelName, isIdle, leaseMs };
    const claims = await claimItems(database, this.id, model, options);
    this.ready.push(...claims);
    return claims.length > 0;
  }

  private startNext(): void {
    const claim = this.ready.shift();
    if (!claim) return;
    const abort = new AbortController();
    this.inWork.set(claim, abort);
    void this.workOn(claim, abort.signal);
  }

  /** Whether the only job of this worker has nothing left for it. */
  private async isOver(): Promise<boolean> {
    const { database, jobId } = this.options;
    if (jobId === undefined || this.ready.length + this.inWork.size > 0 || this.listing)
      return false;
    try {
      return (await getJob(database, jobId)).state !== 'active';
    } catch (error) {
      // Deleted.
      if (error instanceof SalamandraError && error.code === 'NOT_FOUND') return true;
      throw error;
    }
  }

  private async housekeep(): Promise<void> {
    const { database } = this.options;
    const now = performance.now();
    if (now - this.lastHousekeepingMs < (this.isQueueEmpty ? POLL_MS : BUSY_CHECK_MS)) return;
    this.lastHousekeepingMs = now;
    await expireLeases(database);
    await settleJobs(database);
    this.startListing();
    this.settling ??= this.options
      .settle?.()
      .catch((error: unknown) => this.options.onNote?.(describeDatabaseError(error)))
      .finally(() => (this.settling = undefined));
  }

  /** Lists one source at a time, beside the work on items. */
  private startListing(): void {
    this.listing ??= listNextSource(this.options, this.id, this.stop)
      // The lease of the listing ends, and it is taken up again.
      .catch(() => false)
      .then((isListed) => {
        this.listing = undefined;
        if (isListed) this.wake();
      });
  }

  private async workOn(claim: Claim, signal: AbortSignal): Promise<void> {
    try {
      await this.finish(claim, signal);
    } catch (error) {
      // The database: its items are done again after their lease.
      this.fatal ??= error as Error;
    } finally {
      this.inWork.delete(claim);
      this.wake();
    }
  }

  private async finish(claim: Claim, signal: AbortSignal): Promise<void> {
    let outcome: ItemOutcome;
    try {
      outcome = await this.options.process(claim, signal);
    } catch (error) {
      await this.fail(claim, error, signal.aborted);
      return;
    }
    await this.store(claim, outcome);
  }

  /**
   * Stores a result. Those that end while a transaction is running are stored together in the next one. A database that
   * cannot be written is tried again as long as the lease may last: the result is worth more than the waiting time.
   */
  private async store(claim: Claim, outcome: ItemOutcome): Promise<void> {
    this.finished.push({ claim, outcome });
    const storing = this.storing.then(() => this.storeFinished());
    // The failure of one batch is not that of the next.
    this.storing = storing.catch(() => undefined);
    await storing;
  }

  private async storeFinished(): Promise<void> {
    // Items that ended in this turn of the event loop go into one transaction.
    await setImmediate();
    const batch = this.finished.splice(0);
    if (batch.length === 0) return;
    try {
      await this.storeTogether(batch);
    } catch (error) {
      if (classifyDatabaseError(error) !== 'values') throw error;
      // One of them cannot be stored, and the others must not wait for it.
      for (const item of batch) await this.storeAlone(item);
    }
  }

  private async storeTogether(batch: readonly FinishedItem[]): Promise<void> {
    const lost = await this.patiently(() => finishItems(this.options.database, batch));
    for (const { claim, outcome } of batch) {
      if (lost.includes(claim)) continue;
      this.itemsDone++;
      this.options.onItem?.(claim, outcome);
    }
  }

  private async storeAlone(item: FinishedItem): Promise<void> {
    const { database, onItem, onNote } = this.options;
    try {
      await this.storeTogether([item]);
    } catch (error) {
      if (classifyDatabaseError(error) !== 'values') throw error;
      onNote?.(`${item.claim.identifier}: ${String(error)}`);
      await this.patiently(() => failItem(database, item.claim, NOT_STORABLE, 'dead'));
      onItem?.(item.claim, { error });
    }
  }

  private async fail(claim: Claim, error: unknown, isAbandoned: boolean): Promise<void> {
    const { database, onItem, onNote } = this.options;
    const action = isAbandoned ? 'release' : actionAfter(error);
    const {
      code,
      publicMessage: message,
      details,
    } = SalamandraError.fromJSON(error instanceof SalamandraError ? error.toJSON() : undefined);
    if (code === 'INTERNAL') onNote?.(`${claim.identifier}: ${String(error)}`);
    await this.patiently(async () => {
      switch (action) {
        case 'dead':
          if (await failItem(database, claim, { code, message, details }, 'dead'))
            onItem?.(claim, { error });
          break;
        case 'retry': {
          const next = { delayMs: delayAfter(error, claim.attempts) };
          if (await failItem(database, claim, { code, message, details }, next))
            onItem?.(claim, { error });
          break;
        }
        case 'hold':
          await holdJob(database, claim.jobId, message, MAX_HOLD_MS);
          await releaseItems(database, [claim]);
          onNote?.(`${claim.identifier}: ${message} The job waits for ${MAX_HOLD_MS / 1_000} s.`);
          break;
        case 'release':
          await releaseItems(database, [claim]);
          if (!isAbandoned && error instanceof Error) this.fatal ??= error;
          break;
      }
    });
  }

  private readonly abandonItems = (): void => {
    for (const abort of this.inWork.values()) abort.abort();
  };

  /** Renews the leases of the items in work, and cancels those that another worker has. */
  private async beat(): Promise<void> {
    const { database } = this.options;
    try {
      const claims = [...this.ready, ...this.inWork.keys()];
      const lost = await renewLeases(database, claims, this.options.leaseMs);
      for (const claim of lost) {
        this.inWork.get(claim)?.abort();
        const index = this.ready.indexOf(claim);
        if (index >= 0) this.ready.splice(index, 1);
      }
      const state = this.stop.aborted ? 'draining' : 'working';
      const isKnown = await heartbeat(database, this.id, { state, itemsDone: this.itemsDone });
      if (!isKnown) await registerWorker(database, this.id, this.options.model);
      await forgetLostWorkers(database);
    } catch {
      // Reported by the loop. The next beat comes before the lease ends.
    }
  }

  private async drain(): Promise<void> {
    const unused = this.ready.splice(0);
    await releaseItems(this.options.database, unused).catch(() => undefined);
    if (this.abandon.aborted) this.abandonItems();
    while (this.inWork.size > 0) await this.pause(POLL_MS);
    await this.listing;
    await this.settling;
    await settleJobs(this.options.database).catch(() => undefined);
  }

  /** Waits until an item or a listing ends, or for a while. */
  private async pause(ms: number): Promise<void> {
    const awake = new AbortController();
    this.wake = () => awake.abort();
    await setTimeout(ms, undefined, { signal: awake.signal }).catch(() => undefined);
  }

  /**
   * Repeats a change until the database accepts it.
   *
   * @throws errors that no repetition mends; see `classifyDatabaseError`
   */
  private async patiently<T>(change: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await change();
      } catch (error) {
        if (this.abandon.aborted || classifyDatabaseError(error) !== 'passing') throw error;
        this.options.onNote?.(
          `The job database cannot be written: ${describeDatabaseError(error)}. Trying again.`,
        );
        await setTimeout(DATABASE_RETRY_MS);
      }
    }
  }
}
