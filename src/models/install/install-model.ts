import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type Configuration, PROJECT_DIRECTORY } from '../../config/configuration.js';
import { computeFolderRevision } from '../convert/checkpoint/checkpoint-files.js';
import { type ConversionProgress, convertCheckpoint } from '../convert/convert-checkpoint.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { packageDirectory } from '../package/home-folders.js';
import { MANIFEST_FILE } from '../package/manifest.js';
import { parseManifestJson } from '../package/manifest-json.js';
import { resolveModel } from '../package/resolve-model.js';
import { withInstallLock } from './install-lock.js';

/** The id of the model in the repository. */
export const BUNDLED_MODEL = 'demo';

export type ModelChoice = Pick<Configuration, 'home' | 'model' | 'precision'>;

/**
 * Finds the package folder of a model by its path or name, as `resolveModel` does, or the bundled one, which is
 * converted from its checkpoint at first use and again when the checkpoint changes.
 *
 * @param bundled the bundled checkpoint.
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
    throw new SalamandraError('MODEL_NOT_FOUND', 'The bundled model is missing.');
  }
  const revision = await computeFolderRevision(bundled);
  if (await isCurrent(directory, revision)) return directory;
  await mkdir(dirname(directory), { recursive: true });
  await withInstallLock(`${directory}.lock`, async () => {
    // Whoever held the lock before may have done the work.
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

/** Whether the package was made from this checkpoint, by this version of the converter. */
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
