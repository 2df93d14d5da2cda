import { computed, type ReadonlySignal, signal } from '@preact/signals';

import { filterQuery, type JobFilter } from '../job-filter.js';
import { loadCounts, openItemPages } from '../job-store.js';
import type { Decision, Item, ItemText } from '../job-types.js';
import { getItem, previewUrl } from '../jobs-api.js';
import { applyDecisions, isDone, type PendingDecision } from './decisions.js';
import { decide, pendingDecisions, startOutbox } from './outbox.js';
import { storeUnsaved } from './review-storage.js';

/** A decision that the service refused, because another person was faster, and the text as it is now. */
export interface Conflict {
  readonly decision: PendingDecision;
  readonly error: unknown;
}

interface LoadedItem {
  readonly job: string;
  /** The filter for which its neighbors were found. */
  readonly query: string;
  readonly item: Item;
}

const loaded = signal<LoadedItem | null>(null);
const failure = signal<unknown>(null);
const refused = signal<readonly Conflict[]>([]);
/** The item after the one on show, so that the next step needs no wait. */
let ahead: { readonly key: string; readonly item: Promise<Item> } | undefined;

/** The item on show, with the decisions that are being stored. `null` while it is loaded. */
export const shownItem: ReadonlySignal<Item | null> = computed(() => {
  const { value } = loaded;
  if (!value) return null;
  const pending = pendingDecisions.value.filter(({ job }) => job === value.job);
  return applyDecisions(value.item, pending);
});

/** Why the item could not be loaded. */
export const itemError: ReadonlySignal<unknown> = failure;

/** The conflict about a text of the item on show. */
export function conflictOf(item: Item, number: number): Conflict | undefined {
  return refused.value.find(
    ({ decision }) => decision.item === item.id && decision.number === number,
  );
}

/** Forgets a conflict: the text of the service stays. */
export function dropConflict(conflict: Conflict): void {
  refused.value = refused.peek().filter((each) => each !== conflict);
}

/** Loads an item, or shows it at once if it was loaded ahead. */
export async function openItem(job: string, id: number, filter: JobFilter): Promise<void> {
  const query = filterQuery(filter);
  const key = keyOf(job, id, query);
  const known = loaded.peek();
  if (known && keyOf(known.job, known.item.id, known.query) !== key) loaded.value = null;
  failure.value = null;
  const request = ahead?.key === key ? ahead.item : getItem(job, id, filter);
  ahead = undefined;
  try {
    const item = await request;
    loaded.value = { job, query, item };
    if (item.next !== null) loadAhead(job, item.next, filter);
  } catch (error) {
    failure.value = error;
  }
}

/** Loads the record and the picture of the item that comes next. */
function loadAhead(job: string, id: number, filter: JobFilter): void {
  const item = getItem(job, id, filter);
  ahead = { key: keyOf(job, id, filterQuery(filter)), item };
  item.then(
    ({ kind }) => {
      if (kind === 'image') new Image().src = previewUrl(job, id);
    },
    // It is loaded again when it is shown.
    () => {
      ahead = undefined;
    },
  );
}

/** Decides about a text of the item on show. */
export function decideAbout(
  job: string,
  item: Item,
  { number, revisions }: ItemText,
  { decision, text }: { readonly decision: Decision; readonly text?: string },
  author: string,
): void {
  const about = { job, item: item.id, number, decision, author, revision: revisions };
  decide({ ...about, ...(text !== undefined && { text }) });
  putSummary(job, item.id);
}

/** The grid shows the new state at once. */
function putSummary(job: string, id: number): void {
  const item = shownItem.peek();
  if (item?.id !== id) return;
  const known = openItemPages(job)
    ?.items.peek()
    .find((each) => each.id === id);
  if (known) openItemPages(job)?.put({ ...known, review: item.review });
}

startOutbox({
  onStored(job, item) {
    putItem(job, item);
    if (pendingDecisions.peek().length === 0) void loadCounts(job);
  },
  onRefused(decisions, error) {
    for (const decision of decisions) void handleRefusal(decision, error);
  },
});

/** The neighbors stay those of the filter: a reviewed item may no longer be found by it. */
function putItem(job: string, item: Item): void {
  const known = loaded.peek();
  if (known?.job !== job || known.item.id !== item.id) return;
  const { previous, next } = known.item;
  loaded.value = { ...known, item: { ...item, previous, next } };
  for (const { number, text } of item.texts) {
    const stored = known.item.texts.find((each) => each.number === number);
    if (stored && stored.text !== text) storeUnsaved(job, item.id, number, null);
  }
  putSummary(job, item.id);
}

async function handleRefusal(decision: PendingDecision, error: unknown): Promise<void> {
  const current = await getItem(decision.job, decision.item, {}).catch(() => null);
  if (current) putItem(decision.job, current);
  // The first attempt was stored, and its reply was lost.
  if (current && isDone(current, decision)) return;
  refused.value = [...refused.peek(), { decision, error }];
}

function keyOf(job: string, id: number, query: string): string {
  return `${job}/${id}?${query}`;
}
