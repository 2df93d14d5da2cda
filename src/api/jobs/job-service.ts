import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Configuration } from '../../config/configuration.js';
import { DEFAULT_UPLOAD_BYTES } from '../../config/source-limits.js';
import { TemporaryFolder } from '../../config/temporary-folder.js';
import type { VisionLanguageEngine } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { assessEarlierItems } from '../../jobs/assess-items.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { describeDatabaseError } from '../../jobs/database/database-errors.js';
import { openJobDatabase } from '../../jobs/database/open-database.js';
import type { BatchWork } from '../../jobs/job-kinds.js';
import { type OpenedItem, openSourceItem } from '../../jobs/sources/open-item.js';
import type { MediaLocation } from '../../jobs/sources/source.js';
import { UploadFolder, uploadFolderOf } from '../../jobs/uploads/upload-folder.js';
import { sweepUploads } from '../../jobs/uploads/uploads.js';
import { runDeliveries } from '../../jobs/webhooks/deliver.js';
import type { WebhookRules } from '../../jobs/webhooks/webhook-url.js';
import {
  accessOf,
  databaseLocation,
  DEFAULT_PARALLEL,
  workOnJobs,
} from '../../jobs/work-on-jobs.js';
import type { FetchPolicy } from '../../media/remote/ssrf-guard.js';
import { ThumbnailStore } from '../../review/thumbnail-store.js';
import { FileStore } from '../openai/files/file-store.js';

export interface JobServiceOptions {
  readonly configuration: Configuration;
  readonly engine: VisionLanguageEngine;
  /** The modules `media.worker.js` and `sqlite.thread.js`. */
  readonly mediaWorker: URL;
  readonly databaseThread: URL;
  readonly log: (line: string) => void;
}

/** The jobs of a service: their database, and a worker that shares the engine with interactive requests. */
export interface JobService {
  /** Folders below which the sources of jobs must be. */
  readonly roots: readonly string[];
  /** Whether sources may be URLs. */
  readonly fetchesUrls: boolean;
  /** Which URLs exports fetch; `null`: none. */
  readonly fetchPolicy: FetchPolicy | null;
  /** @throws STORAGE_UNAVAILABLE with the reason if the database could not be opened. */
  readonly database: () => JobDatabase;
  /** Opens the file of an item for its reader. @throws the errors of `openSourceItem` */
  readonly openItem: (location: MediaLocation, signal: AbortSignal) => Promise<OpenedItem>;
  /** Of items. */
  readonly thumbnails: ThumbnailStore;
  /** The content of OpenAI's files. */
  readonly files: FileStore;
  /** The files that clients upload into jobs, and the bytes that they may have. */
  readonly uploads: UploadFolder;
  readonly uploadBytes: number;
  /** Where webhooks may be sent. */
  readonly webhookRules: WebhookRules;
  /** Begins the work on jobs, as soon as the model is ready. Without a database it does nothing. */
  readonly begin: (createBatches: (database: JobDatabase) => BatchWork) => void;
  /** Claims no further items. Those in work end, or go back to the queue once `abandon` is called. */
  readonly drain: () => void;
  readonly close: () => Promise<void>;
}

/** Milliseconds between two searches for uploads that have expired. */
const SWEEP_MS = 600_000;

/** A service without jobs, for tests of other routes. */
export const NO_JOBS: JobService = {
  roots: [],
  fetchesUrls: false,
  fetchPolicy: null,
  database: () => {
    throw noDatabase();
  },
  openItem: () => Promise.reject(noDatabase()),
  thumbnails: new ThumbnailStore(join(tmpdir(), 'visual-salamandra-no-thumbnails')),
  files: new FileStore(join(tmpdir(), 'visual-salamandra-no-files')),
  uploads: new UploadFolder(join(tmpdir(), 'visual-salamandra-no-uploads')),
  uploadBytes: DEFAULT_UPLOAD_BYTES,
  webhookRules: { mediaUrls: 'off', webhookOrigins: [] },
  begin: () => undefined,
  drain: () => undefined,
  close: () => Promise.resolve(),
};

function noDatabase(): SalamandraError {
  return new SalamandraError('STORAGE_UNAVAILABLE', 'This service has no job database.');
}

/**
 * Opens the job database. Its jobs are worked on once `begin` is called and the model is ready. Without a database, or
 * without a model, the service does everything else all the same.
 */
export async function startJobService({
  configuration,
  engine,
  mediaWorker,
  databaseThread,
  log,
}: JobServiceOptions): Promise<JobService> {
  const roots = configuration.jobRoots;
  let database: JobDatabase;
  try {
    database = await openJobDatabase(databaseLocation(configuration), databaseThread);
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    log(`warning: no jobs: ${error.publicMessage}`);
    return {
      ...NO_JOBS,
      roots,
      database: () => {
        throw error;
      },
    };
  }
  void assessEarlierItems(database).catch(() => undefined);
  const stop = new AbortController();
  const abandon = new AbortController();
  const files = new FileStore(join(configuration.home, 'files'));
  const temporary = new TemporaryFolder();
  await temporary.start();
  const access = accessOf(configuration);
  const uploads = new UploadFolder(uploadFolderOf(configuration));
  const { uploadBytes } = configuration;
  const sweep = () => {
    sweepUploads({ database, folder: uploads, maxBytes: uploadBytes }).catch((error: unknown) =>
      log(`warning: uploads: ${describeDatabaseError(error)}`),
    );
  };
  const sweeping = setInterval(sweep, SWEEP_MS).unref();
  sweep();
  const closing = new AbortController();
  const delivering = runDeliveries({ database, rules: configuration, onNote: log }, closing.signal);
  let working: Promise<void> = Promise.resolve();

  async function work(batches: BatchWork): Promise<void> {
    try {
      const model = await engine.describe();
      const parallel = DEFAULT_PARALLEL;
      const options = { engine, model, database, configuration, mediaWorker, parallel, batches };
      await workOnJobs({ ...options, onNote: log }, stop.signal, abandon.signal);
    } catch (error) {
      if (!stop.signal.aborted) log(`jobs stopped: ${String(error)}`);
    }
  }

  return {
    roots,
    fetchesUrls: configuration.mediaUrls !== 'off',
    fetchPolicy: access.policy,
    database: () => database,
    openItem: (location, signal) =>
      openSourceItem(location, {
        ...access,
        uploadFolder: uploads.path,
        temporaryFolder: temporary.open,
        signal,
      }),
    thumbnails: new ThumbnailStore(join(configuration.home, 'thumbnails')),
    files,
    uploads,
    uploadBytes,
    webhookRules: configuration,
    begin: (createBatches) => {
      working = work(createBatches(database));
    },
    drain: () => stop.abort(),
    async close() {
      stop.abort();
      abandon.abort();
      clearInterval(sweeping);
      // The model may never become ready; then there is no worker either.
      if (engine.status().state !== 'loading') await working;
      closing.abort();
      await delivering;
      await temporary.close();
      await database.close();
    },
  };
}
