import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { describeDatabaseError } from './database-errors.js';
import type { JobDatabase } from './job-database.js';
import { migrate } from './migrations.js';
import { refuseNetworkFolder } from './network-folder.js';
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
/** Milliseconds between two readings of the server's clock: clocks drift, and machines sleep. */
const CLOCK_MS = 60_000;
/** The oids of `bigint` and `numeric`, which `pg` returns as text. Counts, times and ids here are below 2^53. */
const LARGE_NUMBERS: readonly number[] = [20, 1700];

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
  // One that is lost while it is lent: its query fails, and without a listener the event would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  try {
    let clock = await readClock(pool);
    const timer = setInterval(() => {
      // Away for a while: the clock that was read before goes on.
      void readClock(pool).then(
        (read) => (clock = read),
        () => undefined,
      );
    }, CLOCK_MS).unref();
    return {
      kind: 'postgres',
      db,
      now: () => Math.round(performance.now() + clock),
      close: async () => {
        clearInterval(timer);
        await db.destroy();
      },
    };
  } catch (error) {
    await db.destroy().catch(() => undefined);
    throw cannotOpen(error);
  }
}

/**
 * The difference between the clock of the server and the steady clock of this process, in milliseconds. The clock of
 * this machine plays no part: leases must not end because somebody sets it.
 */
async function readClock(pool: pg.Pool): Promise<number> {
  const before = performance.now();
  const { rows } = await pool.query<{ now: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  );
  return (rows[0]?.now ?? Date.now()) - (before + performance.now()) / 2;
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
