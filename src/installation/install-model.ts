import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { type Configuration, PROJECT_DIRECTORY } from '../config/configuration.js';
import { computeRevision } from '../conversion/checkpoint-files.js';
import { type ConversionProgress, convertCheckpoint } from '../conversion/convert-checkpoint.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { parseJsonObject } from '../model-store/checked-json.js';
import { packageDirectory } from '../model-store/home.js';
import { invalidModel } from '../model-store/invalid-model.js';
import { MANIFEST_FILE } from '../model-store/manifest.js';
import { parseManifest } from '../model-store/parse-manifest.js';
import { withInstallationLock } from './installation-lock.js';

/** The id of the model in the repository. */
const BUNDLED_MODEL = 'demo';

export type ModelChoice = Pick<Configuration, 'home' | 'model' | 'precision'>;

/**
 * Finds the package folder of a model: a folder given by its path, a model in the home folder by its id, or the
 * bundled one, which is converted from its checkpoint at first use and again when the checkpoint changes.
 *
 * @param bundled the bundled checkpoint.
 * @throws MODEL_NOT_FOUND, MODEL_INVALID
 */
export async function installModel(
  choice: ModelChoice,
  onProgress: (progress: ConversionProgress) => void,
  bundled = join(PROJECT_DIRECTORY, 'models', BUNDLED_MODEL),
): Promise<string> {
  const { home, model, precision } = choice;
  if (isPath(model)) return await checkPackageFolder(model);
  const directory = packageDirectory(home, model, precision);
  if (model !== BUNDLED_MODEL) return await checkPackageFolder(directory);

  if (!(await exists(join(bundled, 'config.json')))) {
    throw new SalamandraError('MODEL_NOT_FOUND', 'The bundled model is missing.');
  }
  const revision = await computeRevision(bundled);
  if (await isCurrent(directory, revision)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  await withInstallationLock(`${directory}.lock`, async () => {
    // Whoever held the lock before may have done the work.
    if (await isCurrent(directory, revision)) return;
    await removeLeftovers(directory);
    await convertCheckpoint({
      checkpointDirectory: bundled,
      outputDirectory: directory,
      precision,
      onProgress,
    });
  });
  return directory;
}

/** An id is a plain name, so anything with a separator, and `.` and `..`, is a path. */
function isPath(model: string): boolean {
  return /[\\/]|^\.{1,2}$/.test(model);
}

async function checkPackageFolder(directory: string): Promise<string> {
  if (await exists(join(directory, MANIFEST_FILE))) return directory;
  if (await exists(join(directory, 'config.json'))) {
    throw invalidModel('it is a checkpoint; make a package of it with "salamandra convert"');
  }
  throw new SalamandraError('MODEL_NOT_FOUND', 'The model is not installed.');
}

/** What a conversion that was killed left beside its target. */
async function removeLeftovers(directory: string): Promise<void> {
  const parent = dirname(directory);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`.${basename(directory)}.`)) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** Whether the package was made from this checkpoint, by this version of the converter. */
async function isCurrent(directory: string, revision: string): Promise<boolean> {
  try {
    const bytes = await readFile(join(directory, MANIFEST_FILE));
    return parseManifest(parseJsonObject(bytes, 'manifest')).source.revision === revision;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
