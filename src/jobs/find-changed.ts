import { stat } from 'node:fs/promises';

import type { JobDatabase } from './database/job-database.js';
import { listItems } from './items.js';
import { unescapeFileName } from './sources/file-names.js';
import type { ItemLocation } from './sources/source.js';

const PAGE_ITEMS = 1_000;

/**
 * The items of a job whose file has another size or time of modification than the one that was captioned, and the dead
 * letters whose file changed after they failed.
 *
 * @returns ids of items; a file that is gone has not changed.
 */
export async function findChanged(database: JobDatabase, jobId: string): Promise<number[]> {
  const changed: number[] = [];
  let after: number | undefined;
  for (;;) {
    const page = await listItems(database, jobId, { after, limit: PAGE_ITEMS });
    for (const { id, state, location, size, modified_at, finished_at } of page) {
      const { kind, path } = JSON.parse(location) as Partial<
        Extract<ItemLocation, { kind: 'file' }>
      >;
      if (kind !== 'file' || path === undefined || (state !== 'done' && state !== 'dead')) continue;
      const status = await stat(unescapeFileName(path)).catch(() => undefined);
      if (!status) continue;
      const isOther =
        state === 'done'
          ? status.size !== size || Math.round(status.mtimeMs) !== modified_at
          : Math.max(status.mtimeMs, status.ctimeMs) > finished_at;
      if (isOther) changed.push(id);
    }
    after = page.at(-1)?.position;
    if (page.length < PAGE_ITEMS) return changed;
  }
}
