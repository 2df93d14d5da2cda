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

/** A package in one precision, or the downloaded checkpoint. */
export type InstalledPart = Precision | 'source';

export type InstalledState =
  | { readonly kind: 'ready' }
  /** A download or conversion is running or was interrupted; `npx salamandra pull` resumes it. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** A package or checkpoint in the home folder. */
export interface InstalledModel {
  readonly id: string;
  readonly part: InstalledPart;
  /** `null` unless it is a package with state `ready`. */
  readonly manifest: ModelManifest | null;
  /** Folder; for an incomplete package, the final one. */
  readonly directory: string;
  /** Disk space, including partial files. */
  readonly bytes: number;
  readonly state: InstalledState;
}

const INCOMPLETE = { manifest: null, state: { kind: 'incomplete' } } as const;

/**
 * Lists packages and checkpoints in the home folder, sorted by id, then precision. Checks manifests, names and sizes,
 * but not hashes, which would take as long as reading all files.
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
 * Deletes a package or checkpoint and its partial files. The manifest goes first, so that no incomplete package is
 * loaded.
 */
async function removeInstalled({ directory, part }: InstalledModel): Promise<void> {
  await rm(join(directory, MANIFEST_FILE), { force: true });
  await rm(directory, { recursive: true, force: true });
  const parent = join(directory, '..');
  if (part !== 'source') {
    for (const { name } of await entriesOf(parent)) {
      if (!name.startsWith(`.${part}.`)) continue;
      await rm(join(parent, name), { recursive: true, force: true });
    }
    // Also delete the model's folder after its last package.
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

/** A complete checkpoint (`--keep-source`) or a partial download. */
async function describeSource(directory: string, id: string): Promise<InstalledModel | null> {
  const bytes = await sizeOf(directory);
  if (bytes === null) return null;
  const kind = (await readPullRecord(directory))?.state === 'kept' ? 'ready' : 'incomplete';
  return { id, part: 'source', directory, bytes, manifest: null, state: { kind } };
}

/** Allocated bytes of a folder's files (holes of sparse files excluded); null if the folder does not exist. */
async function sizeOf(directory: string): Promise<number | null> {
  const folder = await lstat(directory).catch(() => undefined);
  if (!folder?.isDirectory()) return null;
  let bytes = 0;
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += (await sizeOf(path)) ?? 0;
    // A running download may rename or delete files meanwhile.
    else bytes += await sizeOfFile(path);
  }
  return bytes;
}

/** Some file systems report 0 blocks. */
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
 * Deletes a package of a model or its checkpoint, including partial downloads.
 *
 * @param part null if the model has a single package or checkpoint.
 * @returns the deleted entries.
 * @throws MODEL_NOT_FOUND listing the installed models, INVALID_PARAMETER if several parts match, MODEL_NOT_READY
 *   during an installation.
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
      throw new SalamandraError(
        'MODEL_NOT_READY',
        `${id} is being installed by another process. Wait for it, or stop it, and run the command again.`,
      );
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
  const entries = all.filter((model) => model.id === id);
  const leftovers = entries.filter(({ part: p, state }) => p === 'source' && isUnfinished(state));
  const found = entries.filter(
    (model) => !leftovers.includes(model) && (part === null || model.part === part),
  );
  if (found.length > 1) {
    const parts = found.map((model) => model.part).join(', ');
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${id} is installed as ${parts}. Choose one with --precision.`,
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
    entries.length === 0
      ? `The model is not installed. Installed: ${known}.`
      : `${id} is not installed as ${part ?? 'a package'}. Installed models: \`npx salamandra models list\`.`,
  );
}

function isUnfinished({ kind }: InstalledModel['state']): boolean {
  return kind === 'incomplete';
}

/** Paths are rejected: nothing outside of the home folder may be deleted. */
function readId(name: string): string {
  try {
    return modelIdOf(name);
  } catch (cause) {
    throw new SalamandraError(
      'MODEL_NOT_FOUND',
      'Only the models listed by `npx salamandra models list` can be removed; paths are not accepted.',
      { cause },
    );
  }
}
