import { Kysely } from 'kysely';

import type { JobDatabase } from '../../src/jobs/database/job-database.js';
import { createSqliteDialect } from '../../src/jobs/database/sqlite-dialect.js';
import { runInThisThread } from '../../src/jobs/database/sqlite-thread.js';
import type { Tables } from '../../src/jobs/database/tables.js';

/** An empty SQLite in memory, without tables. */
export function openSqliteMemory(): JobDatabase {
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(runInThisThread(':memory:')) });
  return { kind: 'sqlite', db, now: Date.now, close: () => db.destroy() };
}
