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
import { explainDiskError } from './disk-space.js';
import { withInstallLock } from './install-lock.js';
import { createOnPause, type PullContext } from './pull-events.js';
import { type PullRecord, readPullRecord, writePullRecord } from './pull-record.js';

export interface PullRequest {
  readonly home: string;
  /** As the hub writes it: `BSC-LT/salamandra-7b-vision`. */
  readonly repository: string;
  /** A branch, a tag or a commit. Null: that of an unfinished pull of the model, else the newest. */
  readonly revision: string | null;
  readonly precision: Precision;
  /** What becomes of the checkpoint's files: each shard goes as soon as it is converted, or all stay. */
  readonly source: 'delete' | 'keep';
}

export interface PullOptions extends PullContext {
  /** HUB_POLICY unless given. */
  readonly policy?: HubPolicy;
}

export interface PulledModel {
  /** The package's folder. */
  readonly directory: string;
  readonly manifest: ModelManifest;
  readonly outcome: 'installed' | 'already-installed';
}

/**
 * Fetches a model from a hub and makes a package of it, shard by shard: on the disk are never more than the package and
 * the largest shard, unless the source is kept. After a break of any kind the same call goes on where it stopped.
 *
 * @throws HUB_UNAVAILABLE, RATE_LIMITED, UNAUTHENTICATED, FORBIDDEN, MODEL_NOT_FOUND, MODEL_INVALID (also where bytes are
 *   not those that the hub lists), STORAGE_FULL, INVALID_PARAMETER where the home folder cannot be written, and the
 *   signal's reason.
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
  // One that lacks a file, or has it cut short, is none.
  const installed = await inspectPackage(directory).catch(() => null);
  if (context.hub.network === 'offline' && installed && isAskedFor(installed, request)) {
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
    // What an earlier pull was asked to keep stays.
    after: isKept ? 'keep' : request.source,
  } as const;
  const manifest = await convertFromHub(conversion, record, context, client);
  return { directory, manifest, outcome: 'installed' };
}

/** As far as that shows without a hub. */
function isAskedFor({ source }: ModelManifest, { repository, revision }: PullRequest): boolean {
  const isSameModel = source.hub?.repository === repository;
  return isSameModel && (revision === null || revision === source.hub.commit);
}

/** Online always what the hub says now, so that nothing but files comes from the record. */
async function chooseSnapshot(
  { repository, revision }: PullRequest,
  { hub, onEvent, signal }: PullOptions,
  client: HubClient,
  earlier: PullRecord | null,
): Promise<HubSnapshot> {
  const onPause = createOnPause({ onEvent });
  if (hub.network === 'offline') {
    const asked = [null, earlier?.revision, earlier?.snapshot.commit];
    if (earlier?.snapshot.repository === repository && asked.includes(revision)) {
      return earlier.snapshot;
    }
  } else if (revision === null && earlier?.state === 'unfinished') {
    try {
      return await client.resolveSnapshot(repository, earlier.snapshot.commit, { onPause, signal });
    } catch (error) {
      // A commit may be gone from the hub; then the newest is what is left.
      if (!(error instanceof SalamandraError) || error.code !== 'MODEL_NOT_FOUND') throw error;
    }
  }
  return await client.resolveSnapshot(repository, revision, { onPause, signal });
}

/** Makes the folder of the source one of this snapshot: what is there of another goes. */
async function prepareSource(
  { revision }: PullRequest,
  snapshot: HubSnapshot,
  earlier: PullRecord | null,
  source: string,
): Promise<PullRecord> {
  const isOn = earlier !== null && isSame(earlier, snapshot);
  if (!isOn) await rm(source, { recursive: true, force: true });
  await mkdir(source, { recursive: true });
  const record: PullRecord = isOn
    ? { ...earlier, snapshot }
    : { snapshot, revision, state: 'unfinished', conditions: 'not-asked', hashes: new Map() };
  await writePullRecord(source, record);
  return record;
}

function isSame(record: PullRecord, { repository, commit }: HubSnapshot): boolean {
  return record.snapshot.repository === repository && record.snapshot.commit === commit;
}

/**
 * Deletes what a kill at the very end of an installation left beside an installed package: the folder that it was made
 * in, and the package that it took the place of.
 *
 * @param source the folder of the checkpoint, which goes too unless another precision is still made of it; null keeps it.
 */
export async function removeLeftovers(directory: string, source: string | null): Promise<void> {
  const parent = dirname(directory);
  const [own, unfinished] = [`.${basename(directory)}.`, /^\..*\.partial$/];
  let others = 0;
  for (const name of await readdir(parent)) {
    if (name.startsWith(own)) await rm(join(parent, name), { recursive: true, force: true });
    else if (unfinished.test(name)) others += 1;
  }
  if (source !== null && others === 0) await rm(source, { recursive: true, force: true });
}
