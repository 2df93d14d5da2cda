import type { Dirent } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  packagesDirectory,
  partialDirectory,
  sourcesDirectory,
  sourceDirectory,
} from '../package/home-folders.js';
import {
  type ModelManifest,
  type Precision,
  MANIFEST_FILE,
  PRECISIONS,
} from '../package/manifest.js';
import { inspectPackage } from '../package/model-package.js';
import { readPullRecord } from './pull-record.js';
import { modelIdOf } from '../package/model-names.js';
import { isInstallLocked } from './install-lock.js';

/** A package, or the checkpoint that was kept beside it. */
export type InstalledPart = Precision | 'source';

export type InstalledState =
  | { readonly kind: 'ready' }
  /** A download or conversion is under way or was broken off; it goes on from there. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Something in the home folder that takes space and has a name. */
export interface InstalledModel {
  readonly id: string;
  readonly part: InstalledPart;
  /** Of a package that is ready. */
  readonly manifest: ModelManifest | null;
  /** Its folder; of an incomplete package, the one it will have. */
  readonly directory: string;
  /** Space its files take on the disk, `incomplete` ones included. */
  readonly bytes: number;
  readonly state: InstalledState;
}

const INCOMPLETE = { manifest: null, state: { kind: 'incomplete' } } as const;

/**
 * What is in the home folder, by id and then from the most to the least exact. Names, sizes and manifests are
 * checked; what the files hold is not, since that takes as long as reading them.
 */
export async function listInstalled(home: string): Promise<InstalledModel[]> {
  const [packages, sources] = [packagesDirectory(home), sourcesDirectory(home)];
  const ids = new Set([...(await foldersIn(packages)), ...(await foldersIn(sources))]);
  const models: InstalledModel[] = [];
  for (const id of [...ids].sort()) {
    for (const precision of PRECISIONS) {
      const model = await describePackage(join(packages, id), id, precision);
      if (model) models.push(model);
    }
    const source = await describeSource(join(sources, id), id);
    if (source) models.push(source);
  }
  return models;
}

/**
 * Deletes what was listed, and what is left of attempts to make it. It stops being installed with the first file
 * deleted, so that no half of it is ever loaded.
 */
export async function removeInstalled({ directory, part }: InstalledModel): Promise<void> {
  await rm(join(directory, MANIFEST_FILE), { force: true });
  await rm(directory, { recursive: true, force: true });
  const parent = join(directory, '..');
  if (part !== 'source') {
    for (const { name } of await entriesOf(parent)) {
      if (!name.startsWith(`.${part}.`)) continue;
      await rm(join(parent, name), { recursive: true, force: true });
    }
    // The model's own folder goes with its last package.
    if ((await entriesOf(parent)).length === 0) await rm(parent, { recursive: true, force: true });
  }
}

async function describePackage(
  folder: string,
  id: string,
  precision: Precision,
): Promise<InstalledModel | null> {
  const directory = join(folder, precision);
  const bytes = await sizeOf(directory);
  const partial = await sizeOf(partialDirectory(directory));
  if (bytes === null && partial === null) return null;
  return {
    id,
    part: precision,
    directory,
    bytes: (bytes ?? 0) + (partial ?? 0),
    ...(bytes === null ? INCOMPLETE : await inspect(directory)),
  };
}

async function inspect(directory: string): Promise<Pick<InstalledModel, 'manifest' | 'state'>> {
  try {
    return { manifest: await inspectPackage(directory), state: { kind: 'ready' } };
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
    return { manifest: null, state: { kind: 'invalid', reason: error.publicMessage } };
  }
}

/** A checkpoint, or as much of one as a pull has come to. */
async function describeSource(directory: string, id: string): Promise<InstalledModel | null> {
  const bytes = await sizeOf(directory);
  if (bytes === null) return null;
  const kind = (await readPullRecord(directory))?.state === 'kept' ? 'ready' : 'incomplete';
  return { id, part: 'source', directory, bytes, manifest: null, state: { kind } };
}

/** Bytes of a folder's files on the disk, holes left out; null where there is no such folder. */
async function sizeOf(directory: string): Promise<number | null> {
  const folder = await lstat(directory).catch(() => undefined);
  if (!folder?.isDirectory()) return null;
  let bytes = 0;
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += (await sizeOf(path)) ?? 0;
    // A file may go while it is looked at: a download is at work.
    else bytes += await sizeOfFile(path);
  }
  return bytes;
}

/** Some file systems count no blocks. */
async function sizeOfFile(path: string): Promise<number> {
  const file = await lstat(path).catch(() => undefined);
  if (!file) return 0;
  return file.blocks === 0 ? file.size : Math.min(file.size, file.blocks * 512);
}

async function foldersIn(directory: string): Promise<string[]> {
  const entries = await entriesOf(directory);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  return await readdir(directory, { withFileTypes: true }).catch(() => []);
}

/**
 * Deletes one package of a model from the home folder, or the checkpoint kept of it. What an unfinished download
 * left goes with it.
 *
 * @param part may be null where only one thing is installed.
 * @returns what is gone.
 * @throws MODEL_NOT_FOUND saying what is installed, INVALID_PARAMETER when `part` must be given,
 *   MODEL_NOT_READY while it is being installed.
 */
export async function removeModel(
  home: string,
  name: string,
  part: InstalledPart | null,
): Promise<InstalledModel[]> {
  const all = await listInstalled(home);
  const targets = chooseTargets(all, readId(name), part);
  for (const { id, directory } of targets) {
    const locks = [`${directory}.lock`, `${sourceDirectory(home, id)}.lock`];
    for (const lock of locks) {
      if (!(await isInstallLocked(lock))) continue;
      throw new SalamandraError('MODEL_NOT_READY', `${id} is being installed at the moment.`);
    }
  }
  for (const target of targets) await removeInstalled(target);
  return targets;
}

function chooseTargets(
  all: readonly InstalledModel[],
  id: string,
  part: InstalledPart | null,
): InstalledModel[] {
  const ofModel = all.filter((model) => model.id === id);
  const leftovers = ofModel.filter(({ part: p, state }) => p === 'source' && isUnfinished(state));
  const found = ofModel.filter(
    (model) => !leftovers.includes(model) && (part === null || model.part === part),
  );
  if (found.length > 1) {
    const parts = found.map((model) => model.part).join(', ');
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${id} is installed as ${parts}: say which one with --precision.`,
    );
  }
  const takesLeftovers = found.every(({ state }) => isUnfinished(state));
  const targets = takesLeftovers ? [...found, ...leftovers] : found;
  if (targets.length > 0 && (found.length > 0 || part === null || part === 'source')) {
    return targets;
  }
  const known = [...new Set(all.map((model) => model.id))].join(', ') || 'none';
  throw new SalamandraError(
    'MODEL_NOT_FOUND',
    ofModel.length === 0
      ? `The model is not installed. Installed: ${known}.`
      : `${id} is not installed as ${part ?? 'a package'}.`,
  );
}

function isUnfinished({ kind }: InstalledModel['state']): boolean {
  return kind === 'incomplete';
}

/** Nothing outside the home folder is ever deleted, so a path is no name here. */
function readId(name: string): string {
  try {
    return modelIdOf(name);
  } catch (cause) {
    throw new SalamandraError(
      'MODEL_NOT_FOUND',
      'Only models that "salamandra models list" names can be removed.',
      { cause },
    );
  }
}
