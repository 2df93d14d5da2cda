import { mkdir, rm, readdir } from 'node:fs/promises';
import { dirname, basename, join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { createHubClient, type HubClient } from '../hub/hub-client.js';
import type { HubPolicy } from '../hub/retry-policy.js';
import type { HubSnapshot } from '../hub/hub-snapshot.js';
import { packageDirectory, sourceDirectory } from '../package/home-folders.js';
import type { ModelManifest, Precision } from '../package/manifest.js';
import { inspectPackage } from '../package/model-package.js';
import { packageIdOf } from '../package/model-names.js';
import { convertFromHub } from './convert-from-hub.js';
import { explainDiskError } from '../package/disk-space.js';
import { withInstallLock } from './install-lock.js';
import { createOnPause, type PullContext } from './pull-events.js';
import { type PullRecord, readPullRecord, writePullRecord } from './pull-record.js';

export interface PullRequest {
  readonly home: string;
  /** `OWNER/NAME`, for example `BSC-LT/salamandra-7b-vision`. */
  readonly repository: string;
  /** Branch, tag or commit. `null` for the commit of an unfinished pull, or else the default branch. */
  readonly revision: string | null;
  readonly precision: Precision;
  /** `delete` removes each shard after its conversion, `keep` keeps the checkpoint. */
  readonly source: 'delete' | 'keep';
}

export interface PullOptions extends PullContext {
  /** Default: HUB_POLICY. */
  readonly policy?: HubPolicy;
}

export interface PulledModel {
  /** Folder of the package. */
  readonly directory: string;
  readonly manifest: ModelManifest;
  readonly outcome: 'installed' | 'already-installed';
}

/**
 * Downloads a model and converts it to a package, shard by shard: unless the source is kept, the peak disk usage is the
 * package plus the largest shard. The same call resumes after any interruption.
 *
 * @throws HUB_UNAVAILABLE, RATE_LIMITED, UNAUTHENTICATED, FORBIDDEN, MODEL_NOT_FOUND, MODEL_INVALID (unsupported model
 *   or wrong checksum), STORAGE_FULL, INVALID_PARAMETER (home folder not writable), the signal's reason.
 */
export async function pullModel(request: PullRequest, context: PullOptions): Promise<PulledModel> {
  const { signal, onEvent } = context;
  const source = sourceDirectory(request.home, packageIdOf(request.repository));
  const client = createHubClient(context.hub, context.policy);
  try {
    await mkdir(dirname(source), { recursive: true });
    return await withInstallLock(
      `${source}.lock`,
      () => pullLocked(request, context, client, source),
      { signal, onWait: () => onEvent({ kind: 'other-pull' }) },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw explainDiskError(error);
  } finally {
    client.close();
  }
}

async function pullLocked(
  request: PullRequest,
  context: PullOptions,
  client: HubClient,
  source: string,
): Promise<PulledModel> {
  const { home, repository, precision } = request;
  const directory = packageDirectory(home, packageIdOf(repository), precision);
  // A package with missing or truncated files is installed again.
  const installed = await inspectPackage(directory).catch(() => null);
  if (context.hub.network === 'offline' && installed && matchesRequest(installed, request)) {
    return { directory, manifest: installed, outcome: 'already-installed' };
  }
  const earlier = await readPullRecord(source);
  const snapshot = await chooseSnapshot(request, context, client, earlier);
  const { commit, licence } = snapshot;
  context.onEvent({ kind: 'model-found', repository, commit, licence });

  const isKept = earlier?.state === 'kept' && isSame(earlier, snapshot);
  const isInstalled = installed?.source.hub?.commit === commit;
  if (isInstalled && (request.source === 'delete' || isKept)) {
    if (earlier && isSame(earlier, snapshot)) {
      await removeLeftovers(directory, isKept ? null : source);
    }
    return { directory, manifest: installed, outcome: 'already-installed' };
  }
  const record = await prepareSource(request, snapshot, earlier, source);
  await mkdir(dirname(directory), { recursive: true });
  const conversion = {
    ...{ home, precision, directory, source },
    // A checkpoint that an earlier pull kept is not deleted.
    after: isKept ? 'keep' : request.source,
  } as const;
  const manifest = await convertFromHub(conversion, record, context, client);
  return { directory, manifest, outcome: 'installed' };
}

/** Offline, a branch or tag cannot be resolved, so only commits are compared. */
function matchesRequest({ source }: ModelManifest, { repository, revision }: PullRequest): boolean {
  const isSameModel = source.hub?.repository === repository;
  return isSameModel && (revision === null || revision === source.hub.commit);
}

/** Online, commit and file list always come from the hub. Offline, they come from the record of an earlier pull. */
async function chooseSnapshot(
  { repository, revision }: PullRequest,
  { hub, onEvent, signal }: PullOptions,
  client: HubClient,
  earlier: PullRecord | null,
): Promise<HubSnapshot> {
  const onPause = createOnPause({ onEvent });
  if (hub.network === 'offline') {
    const known = [null, earlier?.revision, earlier?.snapshot.commit];
    if (earlier?.snapshot.repository === repository && known.includes(revision)) {
      return earlier.snapshot;
    }
  } else if (revision === null && earlier?.state === 'unfinished') {
    try {
      return await client.resolveSnapshot(repository, earlier.snapshot.commit, { onPause, signal });
    } catch (error) {
      // The commit was deleted on the hub (force push): continue with the newest one.
      if (!(error instanceof SalamandraError) || error.code !== 'MODEL_NOT_FOUND') throw error;
    }
  }
  return await client.resolveSnapshot(repository, revision, { onPause, signal });
}

/** Prepares the source folder for this commit: files of another commit are deleted. */
async function prepareSource(
  { revision }: PullRequest,
  snapshot: HubSnapshot,
  earlier: PullRecord | null,
  source: string,
): Promise<PullRecord> {
  const canResume = earlier !== null && isSame(earlier, snapshot);
  if (!canResume) await rm(source, { recursive: true, force: true });
  await mkdir(source, { recursive: true });
  const record: PullRecord = canResume
    ? { ...earlier, snapshot }
    : { snapshot, revision, state: 'unfinished', conditions: 'not-asked', hashes: new Map() };
  await writePullRecord(source, record);
  return record;
}

function isSame(record: PullRecord, { repository, commit }: HubSnapshot): boolean {
  return record.snapshot.repository === repository && record.snapshot.commit === commit;
}

/**
 * Deletes temporary folders beside an installed package, left by a kill at the end of an installation: the partial
 * package and the replaced one.
 *
 * @param source checkpoint folder, deleted as well unless another precision is being converted from it; null keeps it.
 */
async function removeLeftovers(directory: string, source: string | null): Promise<void> {
  const parent = dirname(directory);
  const [prefix, partial] = [`.${basename(directory)}.`, /^\..*\.partial$/];
  let others = 0;
  for (const name of await readdir(parent)) {
    if (name.startsWith(prefix)) await rm(join(parent, name), { recursive: true, force: true });
    else if (partial.test(name)) others += 1;
  }
  if (source !== null && others === 0) await rm(source, { recursive: true, force: true });
}
