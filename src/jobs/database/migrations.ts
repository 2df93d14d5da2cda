import { type Kysely, sql } from 'kysely';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { DatabaseKind, JobDatabase } from './job-database.js';
import { CREATE_SEARCH_INDEX } from './search-index.js';
import type { Tables } from './tables.js';

type ColumnTypes = Readonly<Record<'id' | 'integer' | 'real', string>>;

/** The names of the column types that differ. */
const COLUMN_TYPES: Readonly<Record<DatabaseKind, ColumnTypes>> = {
  sqlite: { id: 'integer primary key autoincrement', integer: 'integer', real: 'real' },
  postgres: { id: 'bigserial primary key', integer: 'bigint', real: 'double precision' },
};

/** Statements by version. A version that was released is never changed; a change of the tables is a new version. */
const VERSIONS: readonly ((types: ColumnTypes, kind: DatabaseKind) => readonly string[])[] = [
  ({ id, integer, real }) => [
    `create table job (
      id text primary key, kind text not null default 'archive', name text not null, state text not null, pause_reason text not null default '',
      hold_until ${integer} not null default 0, hold_reason text not null default '',
      priority ${integer} not null, source text not null, recipe text not null, key text not null,
      idempotency_key text unique, model_name text, model text,
      pilot ${integer} not null, pilot_state text not null,
      listing_cursor text not null default '', listing_worker text not null default '',
      listing_lease_until ${integer} not null default 0, listing_error text not null default '',
      listing_base ${integer} not null default 0,
      listed_at ${integer} not null default 0, next_position ${integer} not null default 0,
      created_at ${integer} not null, started_at ${integer} not null default 0,
      finished_at ${integer} not null default 0)`,
    `create index job_by_state on job (state, priority desc, created_at)`,
    `create index job_by_key on job (key)`,
    `create table job_counter (
      job_id text not null, shard ${integer} not null, queued ${integer} not null default 0,
      active ${integer} not null default 0, done ${integer} not null default 0, dead ${integer} not null default 0,
      reused ${integer} not null default 0, skipped ${integer} not null default 0, busy_ms ${integer} not null default 0,
      primary key (job_id, shard))`,
    `create table item (
      id ${id}, job_id text not null, position ${integer} not null, identifier text not null, location text not null,
      record text not null, state text not null, attempts ${integer} not null default 0,
      epoch ${integer} not null default 0, lease_until ${integer} not null default 0,
      run_after ${integer} not null default 0, worker text not null default '', error_code text not null default '',
      error text not null default '', sha256 text not null default '', size ${integer} not null default 0,
      modified_at ${integer} not null default 0, fingerprint text not null default '', outcome text not null default '',
      finished_at ${integer} not null default 0,
      unique (job_id, identifier))`,
    // The order of the claim. Only queued items are in it, so that its cost does not grow with those that are done.
    `create index item_queued on item (job_id, run_after, position) where state = 'queued'`,
    `create index item_leased on item (lease_until) where state = 'active'`,
    `create index item_active on item (job_id) where state = 'active'`,
    // With the code, so that failures are counted by it without reading the rows.
    `create index item_dead on item (job_id, position, error_code) where state = 'dead'`,
    `create index item_pilot on item (job_id) where run_after < 0`,
    `create index item_by_position on item (job_id, position)`,
    `create index item_finished on item (job_id, finished_at) where state = 'done'`,
    `create index item_by_fingerprint on item (fingerprint) where state = 'done'`,
    `create table result (
      item_id ${integer} not null, number ${integer} not null, language text not null, kind text not null,
      start_seconds ${real}, end_seconds ${real}, text text not null, finish_reason text not null,
      primary key (item_id, number))`,
    `create table skipped (
      id ${id}, job_id text not null, entry text not null, code text not null, reason text not null)`,
    `create index skipped_by_job on skipped (job_id, id)`,
    `create table event (
      id ${id}, job_id text not null, type text not null, data text not null, created_at ${integer} not null)`,
    `create index event_by_job on event (job_id, id)`,
    `create table worker (
      id text primary key, host text not null, pid ${integer} not null, state text not null, model text not null,
      started_at ${integer} not null, heartbeat_at ${integer} not null, items_done ${integer} not null default 0,
      rate ${real} not null default 0)`,
    `create table batch (
      job_id text primary key, endpoint text not null, model text not null, input_file_id text not null,
      completion_window text not null, metadata text not null, output_seconds ${integer} not null,
      expires_at ${integer} not null, cancelling_at ${integer} not null default 0,
      expiring_at ${integer} not null default 0, finalizing_at ${integer} not null default 0,
      ended_at ${integer} not null default 0, output_file_id text not null default '',
      error_file_id text not null default '', usage text not null default '')`,
    `create table file (
      id text primary key, filename text not null, purpose text not null, bytes ${integer} not null,
      created_at ${integer} not null, expires_at ${integer} not null)`,
    `create index file_by_age on file (created_at, id)`,
  ],
  ({ id, integer, real }, kind) => [
    `create table revision (
      id ${id}, job_id text not null, item_id ${integer} not null, language text not null, kind text not null,
      start_seconds ${real}, end_seconds ${real}, decision text not null, text text not null, draft text not null,
      author text not null, origin text not null, group_id text not null default '', created_at ${integer} not null)`,
    `create index revision_by_item on revision (item_id, id)`,
    `create index revision_by_group on revision (job_id, group_id) where group_id <> ''`,
    ...[
      `options text not null default ''`,
      `assessed ${integer} not null default 0`,
      `risk ${real} not null default 0`,
      `flags text not null default ''`,
      `review text not null default 'unreviewed'`,
      `has_edited ${integer} not null default 0`,
      `has_rejected ${integer} not null default 0`,
      `has_person_text ${integer} not null default 0`,
    ].map((column) => `alter table item add column ${column}`),
    // Pages and counts of the review are read from these indexes alone.
    `create index item_by_risk on item (job_id, risk desc, position, ${FILTER_COLUMNS})`,
    `create index item_by_filter on item (job_id, ${FILTER_COLUMNS}, position)`,
    // Items of version 1, until they are assessed.
    `create index item_unassessed on item (id) where assessed = 0 and finished_at > 0`,
    ...CREATE_SEARCH_INDEX[kind],
  ],
  ({ integer }) => [
    `alter table job add column listed_by text not null default 'worker'`,
    `create table upload (
      id text primary key, job_id text not null, client text not null, identifier text not null,
      bytes ${integer} not null, created_at ${integer} not null, changed_at ${integer} not null,
      finished_at ${integer} not null default 0)`,
    `create index upload_by_job on upload (job_id)`,
    // Covers the sums of the quota.
    `create index upload_by_client on upload (client, bytes)`,
    `create index upload_unfinished on upload (changed_at) where finished_at = 0`,
  ],
];

const FILTER_COLUMNS = 'state, review, flags, has_edited, has_rejected, has_person_text';

/** Serializes the migrations of processes that start at the same time on one PostgreSQL. Any constant will do. */
const ADVISORY_LOCK = 718_201;

/**
 * Creates the tables, or brings them to the version of this program, in one transaction.
 *
 * @param target an earlier version, for tests.
 * @throws INVALID_PARAMETER if a newer program wrote them.
 */
export async function migrate(
  { db, kind }: Pick<JobDatabase, 'db' | 'kind'>,
  target = VERSIONS.length,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    if (kind === 'postgres') await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(trx);
    await sql`create table if not exists schema_version (version integer not null)`.execute(trx);
    const version = await readVersion(trx);
    if (version > VERSIONS.length) {
      throw new SalamandraError(
        'INVALID_PARAMETER',
        `The job database has version ${version}, and this program knows versions up to ${VERSIONS.length}. Use the newer program that wrote it.`,
      );
    }
    if (version >= target) return;
    for (const statements of VERSIONS.slice(version, target)) {
      for (const statement of statements(COLUMN_TYPES[kind], kind)) {
        await sql.raw(statement).execute(trx);
      }
    }
    await sql`delete from schema_version`.execute(trx);
    await sql`insert into schema_version (version) values (${target})`.execute(trx);
  });
}

async function readVersion(trx: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ version: number }>`select version from schema_version`.execute(trx);
  return rows[0]?.version ?? 0;
}
