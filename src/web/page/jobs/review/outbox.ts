import { type ReadonlySignal, signal } from '@preact/signals';

import { ServiceError } from '../../service/service-error.js';
import type { Item } from '../job-types.js';
import { reviewItem } from '../jobs-api.js';
import { firstRequest, type PendingDecision } from './decisions.js';
import { newDecisionId, readDecisions, removeDecision, storeDecision } from './review-storage.js';

const RETRY_MS = 4_000;

const waiting = signal<readonly PendingDecision[]>(readDecisions());
const failure = signal<unknown>(null);

/** Decisions that the service has not confirmed yet, the oldest first. They outlive the page. */
export const pendingDecisions: ReadonlySignal<readonly PendingDecision[]> = waiting;

/** Why the oldest of them could not be sent; `null` while they are being sent. */
export const outboxError: ReadonlySignal<unknown> = failure;

/** Called with the item as the service has it after decisions were stored. */
type OnStored = (job: string, item: Item) => void;
/** Called with decisions that the service refused: they will not be sent again. */
type OnRefused = (decisions: readonly PendingDecision[], error: ServiceError) => void;

let onStored: OnStored = () => undefined;
let onRefused: OnRefused = () => undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let sending: Promise<void> | undefined;

/** Sends the decisions that earlier visits left, and those to come. Call once. */
export function startOutbox(handlers: { onStored: OnStored; onRefused: OnRefused }): void {
  ({ onStored, onRefused } = handlers);
  addEventListener('online', sendNow);
  sendNow();
}

/** Keeps a decision in this browser and sends it. */
export function decide(decision: Omit<PendingDecision, 'id'>): void {
  const kept = { ...decision, id: newDecisionId() };
  storeDecision(kept);
  waiting.value = [...waiting.peek(), kept];
  sendNow();
}

/** Sends what waits, now. */
export function sendNow(): void {
  clearTimeout(timer);
  sending ??= sendAll().finally(() => {
    sending = undefined;
    if (waiting.peek().length > 0) timer = setTimeout(sendNow, RETRY_MS);
  });
}

/** One request after another: a later decision may build on an earlier one. Ends when the service does not answer. */
async function sendAll(): Promise<void> {
  for (let request = firstRequest(waiting.peek()); request.length > 0;) {
    const isSent = await sendRequest(request);
    if (!isSent) return;
    request = firstRequest(waiting.peek());
  }
}

async function sendRequest(request: readonly PendingDecision[]): Promise<boolean> {
  const [first] = request;
  if (!first) return true;
  const decisions = request.map(({ number, decision, text, revision }) => ({
    ...{ number, decision, revision },
    ...(text !== undefined && { text }),
  }));
  try {
    const item = await reviewItem(first.job, first.item, first.author, decisions);
    failure.value = null;
    forget(request);
    onStored(first.job, item);
    return true;
  } catch (error) {
    if (!(error instanceof ServiceError) || !error.problem || error.problem.retryable) {
      failure.value = error;
      return false;
    }
    failure.value = null;
    // One refused decision must not take the others with it.
    if (request.length > 1) return await sendEach(request);
    forget(request);
    onRefused(request, error);
    return true;
  }
}

async function sendEach(request: readonly PendingDecision[]): Promise<boolean> {
  for (const decision of request) {
    if (!(await sendRequest([decision]))) return false;
  }
  return true;
}

function forget(sent: readonly PendingDecision[]): void {
  for (const decision of sent) removeDecision(decision);
  waiting.value = waiting.peek().filter((each) => !sent.includes(each));
}
