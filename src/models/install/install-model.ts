import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type Configuration, PROJECT_DIRECTORY } from '../../config/configuration.js';
import { computeFolderRevision } from '../convert/checkpoint/checkpoint-files.js';
import { type ConversionProgress, convertCheckpoint } from '../convert/convert-checkpoint.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { packageDirectory } from '../package/home-folders.js';
import { MANIFEST_FILE } from '../package/manifest.js';
import { parseManifestJson } from '../package/manifest-json.js';
import { loadModelPackage, type ModelPackage } from '../package/model-package.js';
import { resolveModel } from '../package/resolve-model.js';
import { withInstallLock } from './install-lock.js';

/** Id of the demo model that is part of the repository. */
export const BUNDLED_MODEL = 'demo';

export type ModelChoice = Pick<Configuration, 'home' | 'model' | 'precision'>;

/**
 * Returns the package folder of a model (see `resolveModel`). The demo model is converted from its checkpoint on first
 * use and again after the checkpoint changes.
 *
 * @param bundled checkpoint folder of the demo model.
 * @throws MODEL_NOT_FOUND, MODEL_INVALID, INVALID_PARAMETER
 */
export async function installModel(
  choice: ModelChoice,
  onProgress: (progress: ConversionProgress) => void,
  bundled = join(PROJECT_DIRECTORY, 'models', BUNDLED_MODEL),
): Promise<string> {
  const { home, model, precision } = choice;
  if (model !== BUNDLED_MODEL) return await resolveModel(home, model, precision);
  const directory = packageDirectory(home, model, precision);

  if (!(await exists(join(bundled, 'config.json')))) {
    throw new SalamandraError(
      'MODEL_NOT_FOUND',
      'The checkpoint of the demo model is missing (models/demo). Restore it from the repository.',
    );
  }
  const revision = await computeFolderRevision(bundled);
  if (await isCurrent(directory, revision)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  await withInstallLock(`${directory}.lock`, async () => {
    // Another process may have converted it while this one waited for the lock.
    if (await isCurrent(directory, revision)) return;
    await convertCheckpoint({
      checkpointDirectory: bundled,
      outputDirectory: directory,
      precision,
      onProgress,
    });
  });
  return directory;
}

/**
 * Installs and verifies a model. A damaged package of the demo model is converted again, because its checkpoint is part
 * of the repository.
 *
 * @param onRepair called with the damage.
 * @throws the codes of `installModel` and `loadModelPackage`
 */
export async function loadInstalledModel(
  choice: ModelChoice,
  onProgress: (progress: ConversionProgress | 'verifying') => void,
  onRepair: (damage: SalamandraError) => void,
): Promise<ModelPackage> {
  const directory = await installModel(choice, onProgress);
  onProgress('verifying');
  try {
    return await loadModelPackage(directory);
  } catch (error) {
    const isDamaged = error instanceof SalamandraError && error.code === 'MODEL_INVALID';
    if (!isDamaged || choice.model !== BUNDLED_MODEL) throw error;
    onRepair(error);
  }
  await withInstallLock(`${directory}.lock`, () => rm(directory, { recursive: true, force: true }));
  await installModel(choice, onProgress);
  return await loadModelPackage(directory);
}

/** Whether the package exists, has the current format and was made from this checkpoint. */
async function isCurrent(directory: string, revision: string): Promise<boolean> {
  try {
    const bytes = await readFile(join(directory, MANIFEST_FILE));
    return parseManifestJson(bytes).source.revision === revision;
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
