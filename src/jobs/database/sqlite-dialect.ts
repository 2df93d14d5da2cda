import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

import type { StatementResult } from './sqlite-file.js';

/** Runs statements one after another, in this thread or in another one. */
export interface StatementRunner {
  run(statement: string, parameters: readonly unknown[]): Promise<StatementResult>;
  close(): Promise<void>;
}

/** A Kysely dialect over one connection to a SQLite file. */
export function createSqliteDialect(runner: StatementRunner): Dialect {
  return {
    createDriver: () => new SingleConnectionDriver(runner),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

/** Lends its only connection to one query or transaction at a time. */
class SingleConnectionDriver implements Driver {
  private readonly connection: DatabaseConnection;
  private lent: Promise<void> = Promise.resolve();
  private giveBack: (() => void) | undefined;

  constructor(private readonly runner: StatementRunner) {
    this.connection = {
      async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
        const { rows, changes } = await runner.run(sql, parameters);
        return { rows: rows as R[], numAffectedRows: BigInt(changes) };
      },
      streamQuery() {
        throw new Error('Queries of the job database are read in pages.');
      },
    };
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.lent;
    let giveBack = () => {};
    this.lent = new Promise((resolve) => (giveBack = resolve));
    await before;
    this.giveBack = giveBack;
    return this.connection;
  }

  releaseConnection(): Promise<void> {
    this.giveBack?.();
    return Promise.resolve();
  }

  /**
   * Takes the write lock at once. A transaction that reads first and writes later would fail if another process wrote
   * in between, and no waiting time helps then.
   */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  /** SQLite has ended the transaction itself after some errors, such as a full disk. The first error counts then. */
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback')).catch(() => undefined);
  }

  async destroy(): Promise<void> {
    await this.runner.close();
  }
}
