import type { VisionLanguageEngine } from '../../../engine/vision-language-engine.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import type { BatchWork } from '../../../jobs/job-kinds.js';
import type { MediaResolver } from '../../media/media-resolver.js';
import type { FileStore } from '../files/file-store.js';
import { endBatches } from './end-batches.js';
import { listLines } from './list-lines.js';
import { createLineProcess } from './process-line.js';

/** Milliseconds between two searches for files that have expired. */
const SWEEP_MS = 600_000;

export interface BatchWorkOptions {
  readonly engine: VisionLanguageEngine;
  readonly resolver: MediaResolver;
  readonly database: JobDatabase;
  readonly files: FileStore;
}

/** How this service works on batches. */
export function createBatchWork({ database, files, ...context }: BatchWorkOptions): BatchWork {
  let sweptMs = -Infinity;
  return {
    listLines: (spec, after) => listLines(files, spec, after),
    process: createLineProcess({ files, ...context }),
    async settle() {
      await endBatches(database, files);
      if (performance.now() - sweptMs < SWEEP_MS) return;
      sweptMs = performance.now();
      await files.sweep(database);
    },
  };
}
