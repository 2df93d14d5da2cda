import type { Priority } from '../vision-language-engine.js';

/** Position of a request in a queue. */
export interface QueueTicket {
  /** Arrival number, ascending. */
  readonly number: number;
  readonly client: string;
  readonly priority: Priority;
}

/** Restricts the items that `peek` and `pop` consider. */
export interface QueueFilter {
  readonly priorities?: 'all' | 'interactive';
  readonly isEligible?: (client: string) => boolean;
}

/** While both classes wait, one pop in five is a batch item, so that batch jobs never starve. */
const BATCH_INTERVAL = 5;

/**
 * Fair priority queue. Interactive items go before batch items, except that every fifth pop serves a waiting batch
 * item. Within a class each client gets an equal share of the cost served (start-time fair queueing, Goyal et al.,
 * SIGCOMM 1996): with equal costs, the clients are served round-robin. Items of one client keep their arrival order.
 */
export class FairQueue<T> {
  readonly #waiting = { interactive: new FairClass<T>(), batch: new FairClass<T>() };
  /** Interactive items popped in a row while batch items waited. */
  #overtaken = 0;

  get isEmpty(): boolean {
    return this.#waiting.interactive.isEmpty && this.#waiting.batch.isEmpty;
  }

  /** @param cost of serving the item, in any unit that is the same for all items of the queue. */
  push(ticket: QueueTicket, item: T, cost = 1): void {
    this.#waiting[ticket.priority].push({ ticket, item, cost });
  }

  /** The next item, without removing it. */
  peek(filter: QueueFilter = {}): T | undefined {
    return this.#nextClass(filter)?.peek(filter)?.item;
  }

  /** Removes and returns the next item. */
  pop(filter: QueueFilter = {}): T | undefined {
    const entry = this.#nextClass(filter)?.pop(filter);
    if (!entry) return undefined;
    if (entry.ticket.priority === 'batch') this.#overtaken = 0;
    else if (!this.#waiting.batch.isEmpty) this.#overtaken += 1;
    return entry.item;
  }

  /** Removes an item. @returns whether the queue contained it. */
  remove(item: T): boolean {
    return this.#waiting.interactive.remove(item) || this.#waiting.batch.remove(item);
  }

  #nextClass(filter: QueueFilter): FairClass<T> | undefined {
    const { interactive, batch } = this.#waiting;
    const isBatchDue = this.#overtaken >= BATCH_INTERVAL - 1;
    const order = isBatchDue ? [batch, interactive] : [interactive, batch];
    const allowed = filter.priorities === 'interactive' ? [interactive] : order;
    return allowed.find((each) => each.peek(filter) !== undefined);
  }
}

interface Entry<T> {
  readonly ticket: QueueTicket;
  readonly item: T;
  readonly cost: number;
}

interface WaitingClient<T> {
  /** In order of arrival. */
  entries: Entry<T>[];
  /** Virtual time at which the first entry starts. */
  start: number;
}

/** The items of one priority. */
class FairClass<T> {
  /** Sorted by the time since which a client waits. */
  readonly #clients = new Map<string, WaitingClient<T>>();
  /** Virtual time at which the last served item of a client ends; those before `#now` are dropped. */
  readonly #ends = new Map<string, number>();
  #now = 0;

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  push(entry: Entry<T>): void {
    const { client, number } = entry.ticket;
    const waiting = this.#clients.get(client) ?? { entries: [], start: this.#startOf(client) };
    const later = waiting.entries.findIndex(({ ticket }) => ticket.number > number);
    waiting.entries.splice(later === -1 ? waiting.entries.length : later, 0, entry);
    this.#clients.set(client, waiting);
  }

  peek(filter: QueueFilter): Entry<T> | undefined {
    return this.#next(filter)?.entries[0];
  }

  pop(filter: QueueFilter): Entry<T> | undefined {
    const waiting = this.#next(filter);
    const entry = waiting?.entries.shift();
    if (!waiting || !entry) return undefined;
    const { client } = entry.ticket;
    this.#now = Math.max(this.#now, waiting.start);
    for (const [each, end] of this.#ends) if (end <= this.#now) this.#ends.delete(each);
    const end = waiting.start + entry.cost;
    this.#ends.set(client, end);
    // Re-inserting moves the client behind others with the same start.
    this.#clients.delete(client);
    if (waiting.entries.length > 0) this.#clients.set(client, { ...waiting, start: end });
    return entry;
  }

  remove(item: T): boolean {
    for (const [client, waiting] of this.#clients) {
      const remaining = waiting.entries.filter((entry) => entry.item !== item);
      if (remaining.length === waiting.entries.length) continue;
      if (remaining.length > 0) waiting.entries = remaining;
      else this.#clients.delete(client);
      return true;
    }
    return false;
  }

  #startOf(client: string): number {
    return Math.max(this.#now, this.#ends.get(client) ?? 0);
  }

  #next({ isEligible = () => true }: QueueFilter): WaitingClient<T> | undefined {
    let next: WaitingClient<T> | undefined;
    for (const [client, waiting] of this.#clients) {
      if (isEligible(client) && (!next || waiting.start < next.start)) next = waiting;
    }
    return next;
  }
}
