import { join } from 'node:path';

import type { Configuration } from '../config/configuration.js';
import { TemporaryFolder } from '../config/temporary-folder.js';
import type { ModelDescription, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import { createPublicPolicy, type FetchPolicy } from '../media/remote/ssrf-guard.js';
import { createMediaInspector } from '../workers/media-inspector.js';
import { ITEM_FETCH_TIMES } from '../config/source-limits.js';
import { createCaptioner } from './caption-item.js';
import type { DatabaseLocation } from './database/open-database.js';
import { type BatchWork, createLister, createProcess } from './job-kinds.js';
import { type JobWorkerOptions, runJobWorker } from './job-worker.js';
import { type ListingOptions, listNextSource } from './list-source-items.js';
import { settleJobs } from './settle-jobs.js';
import { openSourceItem } from './sources/open-item.js';
import { UploadFolder, uploadFolderOf } from './uploads/upload-folder.js';
import { createWorkerId, forgetLostWorkers } from './workers.js';

/**
 * Items in work at the same time: while one is decoded and encoded, others are prefilled and decoded. More wait in the
 * engine, which runs six batch requests.
 */
export const DEFAULT_PARALLEL = 4;

/** A database of jobs, and the settings under which their sources are read. */
interface JobSettings extends Pick<ListingOptions, 'database' | 'jobId' | 'onNote'> {
  readonly configuration: Pick<Configuration, 'home' | 'mediaUrls' | 'imagePixels' | 'model'>;
}

export interface WorkOptions extends JobSettings, Pick<JobWorkerOptions, 'onItem'> {
  readonly engine: VisionLanguageEngine;
  readonly model: ModelDescription;
  /** The module `media.worker.js`. */
  readonly mediaWorker: URL;
  readonly parallel: number;
  /** Undefined: batches are left to other workers. */
  readonly batches?: BatchWork | undefined;
}

/**
 * Works on jobs with an engine until `stop` is aborted, or until the job `jobId` ends; see `runJobWorker`.
 *
 * @throws the errors of `runJobWorker`
 */
export async function workOnJobs(
  { engine, model, mediaWorker, batches, ...options }: WorkOptions,
  stop: AbortSignal,
  abandon?: AbortSignal,
): Promise<void> {
  const { database, configuration } = options;
  const { imagePixels: maxPixels, model: modelName } = configuration;
  const inspector = createMediaInspector({ entry: mediaWorker, maxPixels });
  const temporary = new TemporaryFolder();
  await temporary.start();
  const access = accessOf(configuration);
  const uploadFolder = uploadFolderOf(configuration);
  const caption = createCaptioner({
    engine,
    database,
    inspector,
    openItem: (location, signal) =>
      openSourceItem(location, {
        ...itemAccessOf(configuration),
        uploadFolder,
        temporaryFolder: temporary.open,
        signal,
      }),
  });
  const { id, revision, precision } = model;
  const worker = {
    ...options,
    ...{ listing: access, modelName, process: createProcess(caption, batches) },
    listSource: createLister(batches),
    kinds: batches ? (['archive', 'batch'] as const) : undefined,
    settle: batches?.settle,
    removeFiles: (jobId: string) => new UploadFolder(uploadFolder).removeJob(jobId),
    model: { id, revision, precision },
  };
  try {
    await runJobWorker(worker, stop, abandon);
  } finally {
    await inspector.close();
    await temporary.close();
  }
}

/** Lists the source of a job without a model. @throws the errors of `listNextSource` */
export async function listJobSource(options: JobSettings, stop: AbortSignal): Promise<void> {
  const listing = accessOf(options.configuration);
  await forgetLostWorkers(options.database);
  const listSource = createLister();
  await listNextSource({ ...options, listSource, listing }, createWorkerId(), stop);
  await settleJobs(options.database);
}

/** Which URLs are fetched; `null`: none. */
interface Access {
  readonly policy: FetchPolicy | null;
}

/** For a person who waits, and for listings: their lease outlasts two attempts at a document. */
export function accessOf({ mediaUrls }: Pick<Configuration, 'mediaUrls'>): Access {
  if (mediaUrls === 'off') return { policy: null };
  return { policy: { ...createPublicPolicy(mediaUrls.allowedDomains), failures: 'explained' } };
}

/** For items: nobody waits for them, and servers of archives compute sizes or read tapes. */
export function itemAccessOf(configuration: Pick<Configuration, 'mediaUrls'>): Access {
  const { policy } = accessOf(configuration);
  return { policy: policy && { ...policy, times: ITEM_FETCH_TIMES } };
}

/** Where the jobs of a configuration are stored. */
export function databaseLocation({
  databaseUrl,
  home,
}: Pick<Configuration, 'databaseUrl' | 'home'>): DatabaseLocation {
  return databaseUrl === null
    ? { kind: 'sqlite', path: join(home, 'jobs.db') }
    : { kind: 'postgres', url: databaseUrl };
}
