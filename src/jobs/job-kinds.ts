import type { ArchiveClaim, ProcessItem } from './caption-item.js';
import type { Claim } from './claims.js';
import type { ListSource } from './list-source-items.js';
import { listSource } from './sources/list-source.js';
import type { BatchLine, BatchSpec, ListedEntry } from './sources/source.js';

/** How a service works on batches. */
export interface BatchWork {
  readonly listLines: (
    spec: BatchSpec,
    after: string | undefined,
  ) => AsyncIterable<ListedEntry<BatchLine>>;
  readonly process: ProcessItem<Claim & { readonly location: BatchLine }>;
  /** Ends the batches whose lines are done or whose time is over. */
  readonly settle: () => Promise<void>;
}

/** Lists the sources of archive jobs, and with `batches` the lines of batches. */
export function createLister(batches?: BatchWork): ListSource {
  return (spec, options) => {
    if (spec.kind === 'uploads') throw new Error('Uploads are listed by the client.');
    if (spec.kind !== 'batch') return listSource(spec, options);
    if (!batches) throw noBatches();
    return batches.listLines(spec, options.after);
  };
}

/** Captions the items of archive jobs, and with `batches` processes the lines of batches. */
export function createProcess(
  caption: ProcessItem<ArchiveClaim>,
  batches?: BatchWork,
): ProcessItem {
  return async (claim, signal) => {
    const { location, recipe } = claim;
    if (location.kind === 'batch-line') {
      if (!batches) throw noBatches();
      return await batches.process({ ...claim, location }, signal);
    }
    if (recipe === null) throw new Error('An item of an archive job has a recipe.');
    return await caption({ ...claim, location, recipe }, signal);
  };
}

/** A worker without `batches` claims none. */
function noBatches(): Error {
  return new Error('This worker does not work on batches.');
}
