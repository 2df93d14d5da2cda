import { SalamandraError } from '../../errors/salamandra-error.js';
import { sourceDirectory } from '../package/home.js';
import { modelIdOf } from '../package/model-names.js';
import { isInstallationLocked } from './installation-lock.js';
import {
  type InstalledModel,
  type InstalledPart,
  listInstalled,
  removeInstalled,
} from './installed-models.js';

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
      if (!(await isInstallationLocked(lock))) continue;
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
