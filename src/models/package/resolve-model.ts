import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { packageDirectory, packagesDirectory } from './home-folders.js';
import { invalidModel } from './invalid-model.js';
import { type Precision, MANIFEST_FILE, PRECISIONS } from './manifest.js';
import { modelIdOf } from './model-names.js';

/** The folder of the package in a folder that `salamandra models bundle` made. */
export const BUNDLED_PACKAGE = 'model';

/**
 * Finds the folder of an installed package. A name is a path when it looks like one (`./x`, `../x`, `/x`); else
 * the id, alias or repository of a model in the home folder; else a folder that holds a package. A path may
 * also lead to a bundle.
 *
 * @param precision is preferred; another one is taken where it is the only one installed.
 * @throws MODEL_NOT_FOUND saying what is installed, MODEL_INVALID for a checkpoint,
 *   INVALID_PARAMETER when several other precisions are installed.
 */
export async function resolveModel(
  home: string,
  name: string,
  precision: Precision,
): Promise<string> {
  if (looksLikePath(name)) {
    const directory = await findPackageFolder(name);
    if (directory !== null) return directory;
    throw new SalamandraError('MODEL_NOT_FOUND', 'There is no model package in this folder.');
  }
  const id = idOrNull(name);
  const installed = id === null ? [] : await installedPrecisions(home, id);
  const only = installed.length === 1 ? installed[0] : undefined;
  const chosen = installed.includes(precision) ? precision : only;
  if (id !== null && chosen !== undefined) return packageDirectory(home, id, chosen);
  if (installed.length > 0) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${id} is installed as ${installed.join(', ')} and not as ${precision}: choose one with SALAMANDRA_PRECISION.`,
    );
  }
  return (await findPackageFolder(name)) ?? (await refuseAbsent(home, id));
}

/** The precisions of which a model has a package, from the most to the least exact. */
async function installedPrecisions(home: string, id: string): Promise<Precision[]> {
  const isInstalled = await Promise.all(
    PRECISIONS.map((precision) =>
      exists(join(packagesDirectory(home), id, precision, MANIFEST_FILE)),
    ),
  );
  return PRECISIONS.filter((_, index) => isInstalled[index]);
}

/** On Windows a drive and backslashes make a path too. */
function looksLikePath(name: string): boolean {
  return /^(?:\.{1,2}$|\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(name);
}

/** Names that no model can have are left to the search for folders. */
function idOrNull(name: string): string | null {
  try {
    const id = modelIdOf(name);
    packageDirectory('', id, 'fp32');
    return id;
  } catch {
    return null;
  }
}

/** @throws MODEL_INVALID when the folder holds a checkpoint. */
async function findPackageFolder(directory: string): Promise<string | null> {
  for (const candidate of [directory, join(directory, BUNDLED_PACKAGE)]) {
    if (await exists(join(candidate, MANIFEST_FILE))) return candidate;
  }
  if (await exists(join(directory, 'config.json'))) {
    throw invalidModel('it is a checkpoint; make a package of it with "salamandra convert"');
  }
  return null;
}

async function refuseAbsent(home: string, wanted: string | null): Promise<never> {
  const ids = await readdir(packagesDirectory(home)).catch(() => []);
  const installed: string[] = [];
  for (const id of ids.sort()) {
    if ((await installedPrecisions(home, id)).length > 0) installed.push(id);
  }
  const known = installed.length === 0 ? 'none' : installed.join(', ');
  const remedy = wanted === null ? '' : ' "salamandra pull" fetches those of the hub.';
  throw new SalamandraError(
    'MODEL_NOT_FOUND',
    `The model is not installed.${remedy} Installed: ${known}.`,
  );
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
