import type { Priority } from '../vision-language-engine.js';

/** Whose work waits, and since when. */
export interface QueueTicket {
  /** Ascending in the order of arrival. */
  readonly number: number;
  readonly client: string;
  readonly priority: Priority;
}

/** Of so many that are taken while both classes wait, one is batch's: it gets on, however much else there is. */
const BATCH_SHARE = 5;

/**
 * What waits for something that one at a time can have. Interactive work goes before batch, which still has one turn in
 * five; within a class clients take turns, and each client's own requests come in their order.
 */
export class FairQueue<T> {
  /** By client; the one served longest ago first. */
  readonly #waiting = {
    interactive: new Map<string, Entry<T>[]>(),
    batch: new Map<string, Entry<T>[]>(),
  };
  /** How often interactive work went before batch that waited. */
  #passed = 0;

  get isEmpty(): boolean {
    return this.#waiting.interactive.size === 0 && this.#waiting.batch.size === 0;
  }

  push(ticket: QueueTicket, item: T): void {
    const clients = this.#waiting[ticket.priority];
    const own = clients.get(ticket.client) ?? [];
    const later = own.findIndex((entry) => entry.ticket.number > ticket.number);
    own.splice(later === -1 ? own.length : later, 0, { ticket, item });
    clients.set(ticket.client, own);
  }

  /** Whose turn it is. @param classes those that may have it */
  peek(classes: 'all' | 'interactive' = 'all'): T | undefined {
    return this.#next(classes)?.entry.item;
  }

  /** Takes what `peek` shows. */
  pop(classes: 'all' | 'interactive' = 'all'): T | undefined {
    const next = this.#next(classes);
    if (!next) return undefined;
    const { entry } = next;
    const { priority, client } = entry.ticket;
    if (priority === 'batch') this.#passed = 0;
    else if (this.#waiting.batch.size > 0) this.#passed += 1;
    const clients = this.#waiting[priority];
    const rest = clients.get(client)?.slice(1) ?? [];
    // Behind all other clients, whether anything of it waits now or comes later.
    clients.delete(client);
    if (rest.length > 0) clients.set(client, rest);
    return entry.item;
  }

  /** Takes out what does not wait any more. @returns whether it was there */
  remove(item: T): boolean {
    for (const clients of Object.values(this.#waiting)) {
      for (const [client, own] of clients) {
        const kept = own.filter((entry) => entry.item !== item);
        if (kept.length === own.length) continue;
        if (kept.length > 0) clients.set(client, kept);
        else clients.delete(client);
        return true;
      }
    }
    return false;
  }

  #next(classes: 'all' | 'interactive'): { readonly entry: Entry<T> } | undefined {
    const { interactive, batch } = this.#waiting;
    const isBatchDue = this.#passed >= BATCH_SHARE - 1 || interactive.size === 0;
    const clients = classes === 'all' && isBatchDue && batch.size > 0 ? batch : interactive;
    const [entry] = clients.values().next().value ?? [];
    return entry && { entry };
  }
}

interface Entry<T> {
  readonly ticket: QueueTicket;
  readonly item: T;
}
