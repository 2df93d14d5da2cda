import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { packageDirectory, packagesDirectory } from './home-folders.js';
import { type Precision, MANIFEST_FILE, PRECISIONS } from './manifest.js';
import { modelIdOf } from './model-names.js';

/** Package folder inside a bundle of `npx salamandra models bundle`. */
export const BUNDLED_PACKAGE = 'model';

/**
 * Finds the folder of an installed package. `name` is, in this order: a path (`./x`, `../x`, `/x`) of a package or
 * bundle; the id, short name or repository of a model in the home folder; a folder in the working directory.
 *
 * @param precision preferred one; if the model is installed in a single other precision, that one is used.
 * @throws MODEL_NOT_FOUND listing the installed models, MODEL_INVALID if the folder is an unconverted checkpoint,
 *   INVALID_PARAMETER if several other precisions are installed.
 */
export async function resolveModel(
  home: string,
  name: string,
  precision: Precision,
): Promise<string> {
  if (looksLikePath(name)) {
    const directory = await findPackageFolder(name);
    if (directory !== null) return directory;
    throw new SalamandraError(
      'MODEL_NOT_FOUND',
      'The folder contains no model package (no manifest.json). Convert a checkpoint: `npx salamandra convert …`.',
    );
  }
  const id = idOrNull(name);
  const installed = id === null ? [] : await installedPrecisions(home, id);
  const only = installed.length === 1 ? installed[0] : undefined;
  const chosen = installed.includes(precision) ? precision : only;
  if (id !== null && chosen !== undefined) return packageDirectory(home, id, chosen);
  if (installed.length > 0) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      `${id} is not installed as ${precision}. Set SALAMANDRA_PRECISION to one of the installed precisions: ${installed.join(', ')}.`,
    );
  }
  return (await findPackageFolder(name)) ?? (await throwNotInstalled(home, name, id));
}

/** Installed precisions of a model, in the order of PRECISIONS. */
async function installedPrecisions(home: string, id: string): Promise<Precision[]> {
  const isInstalled = await Promise.all(
    PRECISIONS.map((precision) =>
      exists(join(packagesDirectory(home), id, precision, MANIFEST_FILE)),
    ),
  );
  return PRECISIONS.filter((_, index) => isInstalled[index]);
}

/** Includes Windows paths: `C:\\x`, `\\x`. */
function looksLikePath(name: string): boolean {
  return /^(?:\.{1,2}$|\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(name);
}

/** `null` for a name that cannot be a model id. */
function idOrNull(name: string): string | null {
  try {
    const id = modelIdOf(name);
    packageDirectory('', id, 'fp32');
    return id;
  } catch {
    return null;
  }
}

/** @throws MODEL_INVALID if the folder is a checkpoint. */
async function findPackageFolder(directory: string): Promise<string | null> {
  for (const candidate of [directory, join(directory, BUNDLED_PACKAGE)]) {
    if (await exists(join(candidate, MANIFEST_FILE))) return candidate;
  }
  if (await exists(join(directory, 'config.json'))) {
    throw new SalamandraError(
      'MODEL_INVALID',
      'The folder contains a checkpoint, not a model package. Convert it: `npx salamandra convert CHECKPOINT --out PACKAGE`.',
    );
  }
  return null;
}

async function throwNotInstalled(home: string, name: string, id: string | null): Promise<never> {
  const ids = await readdir(packagesDirectory(home)).catch(() => []);
  const installed: string[] = [];
  for (const known of ids.sort()) {
    if ((await installedPrecisions(home, known)).length > 0) installed.push(known);
  }
  const names = installed.length === 0 ? 'none' : installed.join(', ');
  // A name that cannot be an id may contain anything, so it is not repeated.
  const problem =
    id === null
      ? 'The model is not installed.'
      : `The model ${name} is not installed. Install it: \`npx salamandra pull ${name}\`.`;
  throw new SalamandraError('MODEL_NOT_FOUND', `${problem} Installed: ${names}.`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
