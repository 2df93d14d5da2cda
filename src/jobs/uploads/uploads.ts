import {
  type DeleteQueryBuilder,
  type DeleteResult,
  type SelectQueryBuilder,
  sql,
  type Transaction,
} from 'kysely';

import { MAX_VIDEO_BYTES } from '../../config/limits.js';
import { UPLOAD_EXPIRY_MS } from '../../config/source-limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { MEDIA_HEAD_BYTES } from '../../media/video-formats.js';
import type { JobDatabase } from '../database/job-database.js';
import type { JobRow, Tables, UploadRow } from '../database/tables.js';
import { getJob, type Job, lockJob, randomId } from '../jobs.js';
import { closeListing } from '../list-source-items.js';
import { judgeFileName, refuseHead } from '../sources/media-names.js';
import type { SourceEntry } from '../sources/source.js';
import { storeEntries } from '../store-entries.js';
import type { UploadFolder, UploadPlace } from './upload-folder.js';

/** Characters of an id after its prefix: 120 random bits, because who knows the id may send the file. */
const ID_CHARACTERS = 24;

/** Where uploads are stored, and how many bytes they may have. */
export interface UploadStorage {
  readonly database: JobDatabase;
  readonly folder: UploadFolder;
  /** Bytes of the files of all jobs. The unfinished ones of a client may have half. */
  readonly maxBytes: number;
}

export interface NewUpload {
  readonly jobId: string;
  /** Who sends it; see `clientOf`. */
  readonly client: string;
  /** See `toIdentifier`. */
  readonly identifier: string;
  /** Of the whole file. */
  readonly bytes: number;
}

/**
 * Begins an upload. Its bytes are reserved, so that a file that was begun can be finished.
 *
 * @returns its id.
 * @throws INVALID_REQUEST if the job takes no uploads, or no more; MEDIA_EMPTY, PAYLOAD_TOO_LARGE; STORAGE_FULL above
 *   the limit of all, RATE_LIMITED above the share of the client.
 */
export async function createUpload(
  { database, maxBytes }: UploadStorage,
  { jobId, client, identifier, bytes }: NewUpload,
): Promise<string> {
  if (bytes === 0) throw new SalamandraError('MEDIA_EMPTY', 'The file is empty.');
  if (bytes > MAX_VIDEO_BYTES) {
    throw new SalamandraError(
      'PAYLOAD_TOO_LARGE',
      `The file has ${bytes} bytes, and the limit is ${MAX_VIDEO_BYTES}.`,
      { details: { max_bytes: MAX_VIDEO_BYTES } },
    );
  }
  const id = `upload_${randomId(ID_CHARACTERS)}`;
  const now = database.now();
  await database.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, database, jobId);
    if (!job || !takesUploads(job)) throw takesNone(job);
    await checkRoom(trx, maxBytes, client, bytes);
    const times = { created_at: now, changed_at: now };
    await trx
      .insertInto('upload')
      .values({ id, job_id: jobId, client, identifier, bytes, ...times })
      .execute();
  });
  return id;
}

function takesUploads({ listed_by, listed_at, state }: JobRow | Job): boolean {
  return listed_by === 'client' && listed_at === 0 && (state === 'active' || state === 'paused');
}

function takesNone(job: JobRow | Job | undefined): SalamandraError {
  const reason =
    job === undefined
      ? 'it was deleted'
      : job.listed_by !== 'client'
        ? 'its source is of another kind than "uploads"'
        : job.listed_at > 0
          ? 'its uploads are complete'
          : `it is ${job.state}`;
  return new SalamandraError(
    'INVALID_REQUEST',
    `The job takes no uploads: ${reason}. Create a job with the source {"kind": "uploads"}.`,
  );
}

async function checkRoom(
  trx: Transaction<Tables>,
  maxBytes: number,
  client: string,
  bytes: number,
): Promise<void> {
  const { all, own } = await trx
    .selectFrom('upload')
    .select([
      sql<number>`coalesce(sum(bytes), 0)`.as('all'),
      // Of finished uploads the client is not stored.
      sql<number>`coalesce(sum(case when client = ${client} then bytes else 0 end), 0)`.as('own'),
    ])
    .executeTakeFirstOrThrow();
  if (all + bytes > maxBytes) {
    throw overQuota('STORAGE_FULL', 'The uploaded files would have', maxBytes, 'Delete jobs');
  }
  const share = Math.min(Math.max(maxBytes / 2, MAX_VIDEO_BYTES), maxBytes);
  if (own + bytes > share) {
    throw overQuota('RATE_LIMITED', 'Your unfinished uploads would have', share, 'Finish some');
  }
}

function overQuota(
  code: 'STORAGE_FULL' | 'RATE_LIMITED',
  what: string,
  limit: number,
  remedy: string,
): SalamandraError {
  return new SalamandraError(
    code,
    `${what} more than ${limit / 1e6} MB, which is the limit (SALAMANDRA_UPLOAD_MB). ${remedy} first.`,
    { details: { max_bytes: limit } },
  );
}

/** An upload, and how many of its bytes are stored. */
export interface UploadProgress {
  readonly row: UploadRow;
  readonly offset: number;
}

/**
 * How far an upload is. One whose bytes are all here becomes an item, if the process that received them was killed
 * before that.
 *
 * @returns undefined for an unknown one, also one that was removed.
 */
export async function findUpload(
  storage: UploadStorage,
  place: UploadPlace,
): Promise<UploadProgress | undefined> {
  const row = await storage.database.db
    .selectFrom('upload')
    .selectAll()
    .where('id', '=', place.file)
    .where('job_id', '=', place.job)
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.finished_at > 0) return { row, offset: row.bytes };
  const offset = await storage.folder.size(place);
  if (offset === row.bytes) await finishUpload(storage, row);
  return { row, offset };
}

/**
 * Notes that bytes of an upload have arrived; all of them make it an item.
 *
 * @returns `false` if the upload was removed meanwhile.
 */
export async function advanceUpload(
  storage: UploadStorage,
  { row, offset }: UploadProgress,
): Promise<boolean> {
  if (offset === row.bytes) return await finishUpload(storage, row);
  const { db, now } = storage.database;
  const { numUpdatedRows } = await db
    .updateTable('upload')
    .set({ changed_at: now() })
    .where('id', '=', row.id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) await storage.folder.remove(placeOf(row));
  return numUpdatedRows > 0n;
}

/**
 * Makes a complete file an item of its job, once. A file that is no item is reported as skipped, and removed.
 *
 * @returns `false` if the upload was removed meanwhile.
 */
async function finishUpload({ database, folder }: UploadStorage, row: UploadRow): Promise<boolean> {
  const place = placeOf(row);
  const entry = toEntry(row, await folder.sync(place, MEDIA_HEAD_BYTES));
  const result = await database.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, database, row.job_id);
    const current = await trx
      .selectFrom('upload')
      .select('finished_at')
      .where('id', '=', row.id)
      .executeTakeFirst();
    if (!job || !current) return 'gone';
    // Another request has done it.
    if (current.finished_at > 0) return 'item';
    const isItem = (await storeEntries(trx, database, job, [entry])) > 0;
    await trx
      .updateTable('upload')
      .set({ finished_at: database.now(), client: '', ...(!isItem && { bytes: 0 }) })
      .where('id', '=', row.id)
      .execute();
    return isItem ? 'item' : 'skipped';
  });
  if (result !== 'item') await folder.remove(place);
  return result !== 'gone';
}

function toEntry({ id, job_id, identifier }: UploadRow, head: Buffer): SourceEntry {
  const name = identifier.slice(identifier.lastIndexOf('/') + 1);
  const refusal = judgeFileName(name) === 'media' ? null : refuseHead(head);
  if (refusal !== null) {
    const [code, reason] = refusal;
    return { skipped: { entry: identifier, code, reason, count: 1 } };
  }
  const location = { kind: 'upload', job: job_id, file: id } as const;
  return { item: { identifier, location, record: {} } };
}

/** Removes an unfinished upload. */
export async function removeUpload(
  { database, folder }: UploadStorage,
  place: UploadPlace,
): Promise<void> {
  const { numDeletedRows } = await database.db
    .deleteFrom('upload')
    .where('id', '=', place.file)
    .where('job_id', '=', place.job)
    .where('finished_at', '=', 0)
    .executeTakeFirst();
  if (numDeletedRows > 0n) await folder.remove(place);
}

/**
 * Ends the listing of a job: there are no further uploads. Unfinished ones are reported as skipped, and removed.
 *
 * @throws INVALID_REQUEST if the job takes no uploads; nothing if they were complete before.
 */
export async function completeUploads(storage: UploadStorage, jobId: string): Promise<void> {
  const { database, folder } = storage;
  const { listed_by, listed_at } = await getJob(database, jobId);
  if (listed_by === 'client' && listed_at > 0) return;
  await finishComplete(storage, (query) => query.where('job_id', '=', jobId));
  const discarded = await database.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, database, jobId);
    if (!job || !takesUploads(job)) throw takesNone(job);
    const rows = await discard(trx, database, job, (query) => query);
    await closeListing(trx, database, job);
    return rows;
  });
  for (const row of discarded) await folder.remove(placeOf(row));
}

/**
 * Removes uploads that have not gone on for UPLOAD_EXPIRY_MS, and those of jobs that ended. Complete files whose
 * request was killed become items.
 */
export async function sweepUploads(storage: UploadStorage): Promise<void> {
  const { database, folder } = storage;
  const before = database.now() - UPLOAD_EXPIRY_MS;
  await finishComplete(storage, (query) => query);
  const jobs = await database.db
    .selectFrom('upload')
    .select('job_id')
    .distinct()
    .where('finished_at', '=', 0)
    .execute();
  for (const { job_id } of jobs) {
    const discarded = await database.db.transaction().execute(async (trx) => {
      const job = await lockJob(trx, database, job_id);
      if (!job) return [];
      const isOpen = takesUploads(job);
      return await discard(trx, database, job, (query) =>
        isOpen ? query.where('changed_at', '<', before) : query,
      );
    });
    for (const row of discarded) await folder.remove(placeOf(row));
  }
}

type Unfinished = SelectQueryBuilder<Tables, 'upload', UploadRow>;

/** Looks at the unfinished uploads of a query: complete ones become items. */
async function finishComplete(
  storage: UploadStorage,
  narrow: (query: Unfinished) => Unfinished,
): Promise<void> {
  const query = storage.database.db.selectFrom('upload').selectAll().where('finished_at', '=', 0);
  for (const row of await narrow(query).execute()) await findUpload(storage, placeOf(row));
}

type Discarded = DeleteQueryBuilder<Tables, 'upload', DeleteResult>;

/** Removes unfinished uploads of a job, and reports them as skipped. */
async function discard(
  trx: Transaction<Tables>,
  database: JobDatabase,
  job: JobRow,
  narrow: (query: Discarded) => Discarded,
): Promise<UploadRow[]> {
  const query = trx.deleteFrom('upload').where('job_id', '=', job.id).where('finished_at', '=', 0);
  const rows = await narrow(query).returningAll().execute();
  const skipped = rows.map(({ identifier }) => ({
    skipped: {
      entry: identifier,
      code: 'INCOMPLETE_UPLOAD' as const,
      reason: 'The upload was not finished. Upload the file into a new job.',
      count: 1,
    },
  }));
  if (rows.length > 0) await storeEntries(trx, database, job, skipped);
  return rows;
}

function placeOf({ id, job_id }: UploadRow): UploadPlace {
  return { job: job_id, file: id };
}
