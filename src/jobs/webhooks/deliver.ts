import { setTimeout } from 'node:timers/promises';

import { postUrl } from '../../media/remote/fetch-url.js';
import { describeDatabaseError } from '../database/database-errors.js';
import type { JobDatabase } from '../database/job-database.js';
import type { DeliveryRow } from '../database/tables.js';
import { jobJson } from '../job-json.js';
import { toJob } from '../jobs.js';
import type { JobSnapshot } from './outbox.js';
import { signatureHeaders } from './signature.js';
import type { WebhookRules } from './webhook-url.js';
import { policyFor } from './webhook-url.js';

/** Milliseconds between two looks into the outbox. */
const POLL_MS = 2_000;
/** Messages that are sent at once. */
const PARALLEL = 8;
/** Milliseconds after which a message whose sender was killed is sent again. More than one attempt takes. */
const LEASE_MS = 60_000;
/** Milliseconds until the second attempt, doubled after each; and the most of them. */
const FIRST_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 3_600_000;
const JITTER = 0.3;
/** Milliseconds after which a message that does not arrive is given up. */
export const GIVE_UP_MS = 86_400_000;
const GONE = 410;

export interface DeliveryOptions {
  readonly database: JobDatabase;
  readonly rules: WebhookRules;
  readonly onNote?: (line: string) => void;
}

/** Sends the messages of the outbox until `stop` is aborted. */
export async function runDeliveries(options: DeliveryOptions, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const sent = await deliverDue(options, stop).catch((error: unknown) => {
      if (!stop.aborted) options.onNote?.(`webhooks: ${describeDatabaseError(error)}`);
      return 0;
    });
    if (sent < PARALLEL) {
      await setTimeout(POLL_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
    }
  }
}

/** Sends the messages that are due, each once. @returns their number. */
export async function deliverDue(options: DeliveryOptions, signal: AbortSignal): Promise<number> {
  const rows = await claimDue(options.database);
  await Promise.all(rows.map((row) => deliver(options, row, signal)));
  return rows.length;
}

/** Claims messages: no other process sends them until the lease ends. */
async function claimDue({ db, kind, now }: JobDatabase): Promise<DeliveryRow[]> {
  // Without the write lock first: the outbox is empty most of the time.
  const due = await db
    .selectFrom('delivery')
    .select('id')
    .where('ended_at', '=', 0)
    .where('next_at', '<=', now())
    .limit(1)
    .executeTakeFirst();
  if (!due) return [];
  return await db
    .updateTable('delivery')
    .set((eb) => ({ next_at: now() + LEASE_MS, attempts: eb('attempts', '+', 1) }))
    .where('id', 'in', (eb) => {
      const next = eb
        .selectFrom('delivery')
        .select('id')
        .where('ended_at', '=', 0)
        .where('next_at', '<=', now())
        .orderBy('next_at')
        .orderBy('id')
        .limit(PARALLEL);
      return kind === 'postgres' ? next.forUpdate().skipLocked() : next;
    })
    .returningAll()
    .execute();
}

async function deliver(
  { database, rules }: DeliveryOptions,
  row: DeliveryRow,
  signal: AbortSignal,
): Promise<void> {
  const { db, now } = database;
  const webhook = await db
    .selectFrom('webhook')
    .selectAll()
    .where('job_id', '=', row.job_id)
    .executeTakeFirst();
  if (!webhook) return;
  const id = messageId(row);
  const body = toBody(row);
  const seconds = Math.floor(now() / 1_000);
  const headers = {
    'content-type': 'application/json',
    ...signatureHeaders(webhook.secret, id, seconds, body),
  };
  let status: number | undefined;
  let error = '';
  try {
    const policy = policyFor(webhook.url, rules);
    status = await postUrl(webhook.url, policy, { headers, body }, signal);
    if (status < 200 || status > 299) error = `The server answered with status ${status}.`;
  } catch {
    // The service ends: the lease does too, and the message is sent again.
    if (signal.aborted) return;
    error = 'The server did not answer, or the operator does not allow its address.';
  }
  const isOver = error === '' || status === GONE || now() - row.created_at > GIVE_UP_MS;
  await db
    .updateTable('delivery')
    .set({ error, ...(isOver ? { ended_at: now() } : { next_at: now() + backoff(row.attempts) }) })
    .where('id', '=', row.id)
    .where('ended_at', '=', 0)
    .execute();
}

/** The same in every attempt, so that a receiver can drop repetitions. */
function messageId({ id, job_id }: DeliveryRow): string {
  return `msg_${job_id.slice('job_'.length)}_${id}`;
}

function toBody({ type, created_at, job }: DeliveryRow): string {
  const { row, counts } = JSON.parse(job) as JobSnapshot;
  const { queued, active, done, dead } = counts;
  const total = queued + active + done + dead;
  const progress = { total, ended: done + dead, perHour: null, secondsLeft: null };
  const timestamp = new Date(created_at).toISOString();
  return JSON.stringify({ type, timestamp, data: jobJson(toJob(row, counts), progress) });
}

/** @param attempts so far, at least 1. */
function backoff(attempts: number): number {
  const delay = Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS);
  return Math.round(delay * (1 - JITTER / 2 + JITTER * Math.random()));
}
