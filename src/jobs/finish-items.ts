import { sql, type Transaction } from 'kysely';

import { assessItems } from './assess-items.js';
import type { Claim, ItemOutcome } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import type { JobCounts, Tables } from './database/tables.js';
import type { ErrorDetails } from '../errors/salamandra-error.js';
import { MAX_ATTEMPTS } from './failure-policy.js';
import { packReceipts } from './item-receipts.js';
import { addAllCounts, addCounts, sumChange } from './job-counts.js';
import { storableText } from './storable-text.js';

/** Rows per statement: parameters of a statement are limited (SQLite: 32,766; PostgreSQL: 65,535). */
const INSERT_ROWS = 1_000;

/**
 * Stores results in one transaction: the states of the items, their texts, and the counts.
 *
 * @returns the claims whose lease was lost: their results are dropped, because another worker has the item.
 */
export async function finishItems(
  database: JobDatabase,
  finished: readonly { readonly claim: Claim; readonly outcome: ItemOutcome }[],
): Promise<Claim[]> {
  return await database.db.transaction().execute(async (trx) => {
    const held = await markDone(trx, database.now(), finished);
    const stored = finished.filter(({ claim }) => held.has(claim.id));
    await storeTexts(trx, stored);
    await assessItems(trx, database, [...held]);
    const changes = new Map<string, Partial<JobCounts>>();
    for (const { claim, outcome } of stored) {
      sumChange(changes, claim.jobId, {
        active: -1,
        done: 1,
        reused: outcome.isReused ? 1 : 0,
        busy_ms: Math.round(outcome.busyMs),
      });
    }
    await addAllCounts(trx, changes);
    return finished.flatMap(({ claim }) => (held.has(claim.id) ? [] : [claim]));
  });
}

/** Marks the items whose lease is still held, in one statement. @returns their ids. */
async function markDone(
  trx: Transaction<Tables>,
  now: number,
  finished: Parameters<typeof finishItems>[1],
): Promise<ReadonlySet<number>> {
  // In the order of ids, as a renewal locks them.
  const sorted = finished.toSorted((a, b) => a.claim.id - b.claim.id);
  const rows = sorted.map(({ claim, outcome }) => {
    const receipts = packReceipts(outcome.texts.map(({ receipt }) => receipt));
    const report = JSON.stringify({ ...outcome.report, reused: outcome.isReused, ...receipts });
    const { sha256, size, modifiedAt, fingerprint } = outcome;
    return sql`(${claim.id}, ${claim.epoch}, ${sha256}, ${size}, ${modifiedAt}, ${fingerprint}, ${report})`;
  });
  // PostgreSQL takes parameters in VALUES for text, hence the casts.
  const { rows: held } = await sql<{ id: number }>`
    with outcome_of (id, epoch, sha256, size, modified_at, fingerprint, outcome) as (values ${sql.join(rows)})
    update item set state = 'done', error_code = '', error = '', finished_at = ${now}, sha256 = outcome_of.sha256,
      size = cast(outcome_of.size as bigint), modified_at = cast(outcome_of.modified_at as bigint),
      fingerprint = outcome_of.fingerprint, outcome = outcome_of.outcome
    from outcome_of
    where item.id = cast(outcome_of.id as bigint) and item.epoch = cast(outcome_of.epoch as bigint)
      and item.state = 'active'
    returning item.id as id`.execute(trx);
  return new Set(held.map(({ id }) => id));
}

async function storeTexts(
  trx: Transaction<Tables>,
  stored: Parameters<typeof finishItems>[1],
): Promise<void> {
  if (stored.length === 0) return;
  // Of an earlier run of the items; one that was claimed for the first time has none.
  const again = stored.flatMap(({ claim }) => (claim.epoch > 1 ? [claim.id] : []));
  if (again.length > 0) await trx.deleteFrom('result').where('item_id', 'in', again).execute();
  const rows = stored.flatMap(({ claim, outcome }) =>
    outcome.texts.map(({ language, kind, segment, text, finishReason }, number) => ({
      item_id: claim.id,
      number,
      language,
      kind,
      start_seconds: segment?.startSeconds ?? null,
      end_seconds: segment?.endSeconds ?? null,
      text: storableText(text),
      finish_reason: finishReason,
    })),
  );
  for (let start = 0; start < rows.length; start += INSERT_ROWS) {
    await trx
      .insertInto('result')
      .values(rows.slice(start, start + INSERT_ROWS))
      .execute();
  }
}

/**
 * Puts an item whose attempt failed back into the queue, or makes it a dead letter.
 *
 * @param next `dead`, or the delay until the next attempt in milliseconds. The last attempt is followed by `dead`.
 * @returns whether the lease was still held.
 */
export async function failItem(
  database: JobDatabase,
  claim: Claim,
  error: {
    readonly code: string;
    readonly message: string;
    readonly details?: ErrorDetails | undefined;
  },
  next: 'dead' | { readonly delayMs: number },
): Promise<boolean> {
  const isDead = next === 'dead' || claim.attempts >= MAX_ATTEMPTS;
  return await database.db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('item')
      .set({
        state: isDead ? 'dead' : 'queued',
        // A dead letter of a pilot stays part of it.
        ...(next !== 'dead' && !isDead && { run_after: database.now() + next.delayMs }),
        error_code: error.code,
        error: storableText(error.message),
        outcome: error.details ? storableText(JSON.stringify(error.details)) : '',
        ...(isDead && { finished_at: database.now() }),
      })
      .where('id', '=', claim.id)
      .where('epoch', '=', claim.epoch)
      .where('state', '=', 'active')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    // Its record is searched.
    if (isDead) await assessItems(trx, database, [claim.id]);
    await addCounts(trx, claim.jobId, { active: -1, [isDead ? 'dead' : 'queued']: 1 });
    return true;
  });
}

/** Gives claims back without counting the attempt: the worker ends, or the machine must be mended first. */
export async function releaseItems(database: JobDatabase, claims: readonly Claim[]): Promise<void> {
  if (claims.length === 0) return;
  await database.db.transaction().execute(async (trx) => {
    const changes = new Map<string, Partial<JobCounts>>();
    for (const claim of claims) {
      const { numUpdatedRows } = await trx
        .updateTable('item')
        .set((eb) => ({ state: 'queued' as const, attempts: eb('attempts', '-', 1) }))
        .where('id', '=', claim.id)
        .where('epoch', '=', claim.epoch)
        .where('state', '=', 'active')
        .executeTakeFirst();
      if (numUpdatedRows > 0n) sumChange(changes, claim.jobId, { active: -1, queued: 1 });
    }
    await addAllCounts(trx, changes);
  });
}
