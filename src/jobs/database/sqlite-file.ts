import Database from 'libsql';

/** Milliseconds that a statement waits for another process that writes. */
const BUSY_MS = 8_000;

/** The result of one statement: rows of a query, or the number of changed rows. */
export interface StatementResult {
  readonly rows: unknown[];
  readonly changes: number;
}

/** A SQLite file. Calls are synchronous: a commit waits for the disk. */
export interface SqliteFile {
  run(statement: string, parameters: readonly unknown[]): StatementResult;
  close(): void;
}

/**
 * Opens or creates a SQLite file that survives a loss of power: write-ahead log, synchronized at each commit.
 *
 * @throws the errors of libsql; see `describeDatabaseError`.
 */
export function openSqliteFile(path: string): SqliteFile {
  // As a pragma, `busy_timeout` has no effect in libsql.
  const file = new Database(path, { timeout: BUSY_MS });
  file.exec('pragma journal_mode = wal; pragma synchronous = full');
  const statements = new Map<string, Database.Statement>();

  function prepare(statement: string): Database.Statement {
    const prepared = statements.get(statement) ?? file.prepare(statement);
    // Statements with many rows of values differ in length; the map is for the others.
    if (statements.size < MAX_PREPARED) statements.set(statement, prepared);
    return prepared;
  }
  return {
    run(statement, parameters) {
      const prepared = prepare(statement);
      if (prepared.reader) {
        const rows = prepared.all([...parameters]);
        return { rows, changes: rows.length };
      }
      return { rows: [], changes: prepared.run([...parameters]).changes };
    },
    close() {
      statements.clear();
      file.close();
    },
  };
}

const MAX_PREPARED = 200;
