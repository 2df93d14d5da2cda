import type { Priority } from '../vision-language-engine.js';

/** Position of a request in a queue. */
export interface QueueTicket {
  /** Arrival number, ascending. */
  readonly number: number;
  readonly client: string;
  readonly priority: Priority;
}

/** While both classes wait, one pop in five is a batch item, so that batch jobs never starve. */
const BATCH_INTERVAL = 5;

/**
 * Fair priority queue. Interactive items go before batch items, except that every fifth pop serves a waiting batch
 * item. Within a class the clients are served round-robin. Items of one client keep their arrival order.
 */
export class FairQueue<T> {
  /** Items by client. The first client is the one served least recently. */
  readonly #waiting = {
    interactive: new Map<string, Entry<T>[]>(),
    batch: new Map<string, Entry<T>[]>(),
  };
  /** Interactive items popped in a row while batch items waited. */
  #overtaken = 0;

  get isEmpty(): boolean {
    return this.#waiting.interactive.size === 0 && this.#waiting.batch.size === 0;
  }

  push(ticket: QueueTicket, item: T): void {
    const clients = this.#waiting[ticket.priority];
    const items = clients.get(ticket.client) ?? [];
    const later = items.findIndex((entry) => entry.ticket.number > ticket.number);
    items.splice(later === -1 ? items.length : later, 0, { ticket, item });
    clients.set(ticket.client, items);
  }

  /** The next item, without removing it. @param classes restricts the priorities that are considered. */
  peek(classes: 'all' | 'interactive' = 'all'): T | undefined {
    return this.#next(classes)?.entry.item;
  }

  /** Removes and returns the next item. */
  pop(classes: 'all' | 'interactive' = 'all'): T | undefined {
    const next = this.#next(classes);
    if (!next) return undefined;
    const { entry } = next;
    const { priority, client } = entry.ticket;
    if (priority === 'batch') this.#overtaken = 0;
    else if (this.#waiting.batch.size > 0) this.#overtaken += 1;
    const clients = this.#waiting[priority];
    const rest = clients.get(client)?.slice(1) ?? [];
    // Re-inserting moves the client behind all others.
    clients.delete(client);
    if (rest.length > 0) clients.set(client, rest);
    return entry.item;
  }

  /** Removes an item. @returns whether the queue contained it. */
  remove(item: T): boolean {
    for (const clients of Object.values(this.#waiting)) {
      for (const [client, items] of clients) {
        const remaining = items.filter((entry) => entry.item !== item);
        if (remaining.length === items.length) continue;
        if (remaining.length > 0) clients.set(client, remaining);
        else clients.delete(client);
        return true;
      }
    }
    return false;
  }

  #next(classes: 'all' | 'interactive'): { readonly entry: Entry<T> } | undefined {
    const { interactive, batch } = this.#waiting;
    const isBatchDue = this.#overtaken >= BATCH_INTERVAL - 1 || interactive.size === 0;
    const clients = classes === 'all' && isBatchDue && batch.size > 0 ? batch : interactive;
    const [entry] = clients.values().next().value ?? [];
    return entry && { entry };
  }
}

interface Entry<T> {
  readonly ticket: QueueTicket;
  readonly item: T;
}
