import type { Kysely } from 'kysely';

import type { Tables } from './tables.js';

export type DatabaseKind = 'sqlite' | 'postgres';

export interface JobDatabase {
  readonly kind: DatabaseKind;
  readonly db: Kysely<Tables>;
  /** Milliseconds since 1970 by the clock that all workers share: that of the database server. */
  readonly now: () => number;
  close(): Promise<void>;
}
