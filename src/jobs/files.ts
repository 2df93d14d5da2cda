import { type Kysely, sql, type Transaction } from 'kysely';

import { SalamandraError } from '../errors/salamandra-error.js';
import type { JobDatabase } from './database/job-database.js';
import type { FileRow, Tables } from './database/tables.js';

export interface FilePage {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly purpose?: string | undefined;
  readonly order: 'asc' | 'desc';
}

/** Stores the row of a file whose content is on disk. A row with the same id stays as it is. */
export async function insertFile(
  db: Kysely<Tables> | Transaction<Tables>,
  row: FileRow,
): Promise<void> {
  await db
    .insertInto('file')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** @throws NOT_FOUND, also for a file that has expired. */
export async function getFile({ db, now }: JobDatabase, id: string): Promise<FileRow> {
  const row = await db.selectFrom('file').selectAll().where('id', '=', id).executeTakeFirst();
  if (row && (row.expires_at === 0 || row.expires_at > now())) return row;
  throw new SalamandraError('NOT_FOUND', 'There is no file with this id, or it has expired.', {
    details: { parameter: 'file_id' },
  });
}

/** Files in the order of their creation. @throws NOT_FOUND for an unknown `after`. */
export async function listFiles(
  database: JobDatabase,
  { after, limit, purpose, order }: FilePage,
): Promise<FileRow[]> {
  const { db, now } = database;
  let query = db
    .selectFrom('file')
    .selectAll()
    .where((eb) => eb.or([eb('expires_at', '=', 0), eb('expires_at', '>', now())]))
    .orderBy('created_at', order)
    .orderBy('id', order)
    .limit(limit);
  if (purpose !== undefined) query = query.where('purpose', '=', purpose);
  if (after !== undefined) {
    const { created_at, id } = await getFile(database, after);
    const beyond = order === 'asc' ? '>' : '<';
    query = query.where((eb) =>
      eb.or([
        eb('created_at', beyond, created_at),
        eb.and([eb('created_at', '=', created_at), eb('id', beyond, id)]),
      ]),
    );
  }
  return await query.execute();
}

/** Bytes of all stored files. */
export async function countFileBytes({ db }: Pick<JobDatabase, 'db'>): Promise<number> {
  const { bytes } = await db
    .selectFrom('file')
    .select(sql<number>`coalesce(sum(bytes), 0)`.as('bytes'))
    .executeTakeFirstOrThrow();
  return bytes;
}

/** @throws NOT_FOUND; INVALID_REQUEST for the input of a batch that has not ended. */
export async function deleteFile(database: JobDatabase, id: string): Promise<void> {
  await getFile(database, id);
  const reader = await findReader(database, id);
  if (reader !== undefined) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      `The file is the input of ${reader}, which has not ended. Cancel the batch, or wait for its end.`,
    );
  }
  await database.db.deleteFrom('file').where('id', '=', id).execute();
}

/** Deletes the rows of files that have expired, except the input of batches that have not ended. */
export async function deleteExpiredFiles(database: JobDatabase): Promise<void> {
  await database.db
    .deleteFrom('file')
    .where('expires_at', '>', 0)
    .where('expires_at', '<=', database.now())
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('batch')
            .select('job_id')
            .whereRef('batch.input_file_id', '=', 'file.id')
            .where('batch.ended_at', '=', 0),
        ),
      ),
    )
    .execute();
}

/** Which of these ids have a row. */
export async function knownFiles(
  { db }: Pick<JobDatabase, 'db'>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db.selectFrom('file').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map(({ id }) => id));
}

/** The batch that still reads a file. */
async function findReader(
  { db }: Pick<JobDatabase, 'db'>,
  id: string,
): Promise<string | undefined> {
  const batch = await db
    .selectFrom('batch')
    .select('job_id')
    .where('input_file_id', '=', id)
    .where('ended_at', '=', 0)
    .executeTakeFirst();
  return batch?.job_id;
}
