import { sql, type Transaction } from 'kysely';

import type { Tables } from './database/tables.js';

/** Moves items that are spread evenly over the source to the front: a negative `run_after`. */
export async function choosePilot(
  trx: Transaction<Tables>,
  jobId: string,
  size: number,
  positions: number,
): Promise<void> {
  const step = positions / size;
  for (let index = 0; index < Math.min(size, positions); index++) {
    const position = step > 1 ? Math.floor((index + 0.5) * step) : index;
    await trx
      .updateTable('item')
      .set({ run_after: -1 })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('item')
          .select('id')
          .where('job_id', '=', jobId)
          .where('state', '=', sql.lit('queued'))
          .where('run_after', '=', 0)
          .where('position', '>=', position)
          .orderBy('position')
          .limit(1),
      )
      .execute();
  }
}
