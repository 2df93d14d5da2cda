import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

import { SalamandraError } from '../../errors/salamandra-error.js';
import type { JobDatabase } from './job-database.js';
import { migrate } from './migrations.js';
import { createSqliteDialect } from './sqlite-dialect.js';
import { runInOtherThread, runInThisThread } from './sqlite-thread.js';
import type { Tables } from './tables.js';

/** Where the jobs are stored: a SQLite file on this machine, or a PostgreSQL that several machines share. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** Connections of one process to PostgreSQL: claims, heartbeats and reads of the API do not wait for each other. */
const POSTGRES_CONNECTIONS = 4;
const CONNECT_MS = 10_000;
/** The oids of `bigint` and `numeric`, which `pg` returns as text. Counts, times and ids here are below 2^53. */
const LARGE_NUMBERS: readonly number[] = [20, 1700];

/** Types of file systems that are shared over a network, from `statfs(2)`, and their names. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x0102_1997, '9p'],
  [0x00c3_6400, 'Ceph'],
  [0x5346_414f, 'AFS'],
  [0x0bd0_0bd0, 'Lustre'],
  [0x4750_4653, 'GPFS'],
]);

/**
 * Opens the job database and brings its tables up to date.
 *
 * @param threadEntry the module `sqlite.thread.js`, if statements must not block this thread.
 * @throws INVALID_PARAMETER for a SQLite file on a network file system or a database of a newer program,
 *   STORAGE_UNAVAILABLE if the database cannot be opened.
 */
export async function openJobDatabase(
  location: DatabaseLocation,
  threadEntry?: URL,
): Promise<JobDatabase> {
  const database =
    location.kind === 'sqlite'
      ? await openSqlite(location.path, threadEntry)
      : await openPostgres(location.url);
  try {
    await migrate(database);
  } catch (error) {
    await database.close().catch(() => undefined);
    throw cannotOpen(error);
  }
  return database;
}

async function openSqlite(path: string, threadEntry: URL | undefined): Promise<JobDatabase> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await refuseNetworkFolder(dirname(path));
    const runner = threadEntry ? await runInOtherThread(path, threadEntry) : runInThisThread(path);
    const db = new Kysely<Tables>({ dialect: createSqliteDialect(runner) });
    return { kind: 'sqlite', db, now: Date.now, close: () => db.destroy() };
  } catch (error) {
    throw cannotOpen(error);
  }
}

/** SQLite's locks and its shared memory do not work over a network, and two machines would damage the file. */
async function refuseNetworkFolder(folder: string): Promise<void> {
  const { type } = await statfs(folder);
  const name = NETWORK_FILE_SYSTEMS.get(type);
  if (name === undefined) return;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `The job database would be on a network file system (${name}), where SQLite cannot lock its file. Set SALAMANDRA_HOME to a folder on a local disk, or DATABASE_URL to a PostgreSQL database that the machines share.`,
  );
}

async function openPostgres(url: string): Promise<JobDatabase> {
  const pool = new pg.Pool({
    connectionString: url,
    max: POSTGRES_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: { getTypeParser: parserOf },
  });
  // A connection that is lost while it is idle. The next query opens another one.
  pool.on('error', () => undefined);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    const before = Date.now();
    const { rows } = await pool.query<{ now: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
    );
    const offset = (rows[0]?.now ?? before) - (before + Date.now()) / 2;
    return {
      kind: 'postgres',
      db,
      now: () => Math.round(Date.now() + offset),
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy().catch(() => undefined);
    throw cannotOpen(error);
  }
}

const parserOf: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  LARGE_NUMBERS.includes(oid) ? Number : (pg.types.getTypeParser(oid, format) as typeof Number);

function cannotOpen(cause: unknown): SalamandraError {
  if (cause instanceof SalamandraError) return cause;
  return new SalamandraError(
    'STORAGE_UNAVAILABLE',
    `The job database cannot be opened: ${describeDatabaseError(cause)}.`,
    { cause },
  );
}

/** The reason of a failed statement, without paths, addresses or SQL. */
export function describeDatabaseError(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? `error ${code || 'unknown'}`;
}

/** By the code of libsql, Node or PostgreSQL (its appendix A). */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_FULL|^ENOSPC|^53100/, 'the disk is full'],
  [/^SQLITE_READONLY|^EROFS|^25006/, 'it is read-only'],
  [
    /^EACCES|^EPERM|^SQLITE_CANTOPEN|^SQLITE_AUTH/,
    'its file or folder cannot be opened or written',
  ],
  [/^SQLITE_BUSY|^SQLITE_LOCKED/, 'another process holds its lock'],
  [/^SQLITE_CORRUPT|^SQLITE_NOTADB/, 'its file is damaged'],
  [/^SQLITE_IOERR/, 'its disk reports an error'],
  [
    /^ECONNREFUSED|^ENOTFOUND|^ETIMEDOUT|^ECONNRESET|^EHOSTUNREACH|^57P/,
    'its server does not answer',
  ],
  [/^28/, 'its server rejects the user or the password'],
  [/^3D000/, 'there is no database of this name'],
];
