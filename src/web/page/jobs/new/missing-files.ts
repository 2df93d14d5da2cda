import type { PathFile } from './dropped-files.js';
import type { ChosenFile } from './upload-storage.js';

/** The files that were chosen for a job and that it does not have. */
export function findMissing(
  chosen: readonly ChosenFile[],
  arrived: ReadonlySet<string>,
): readonly ChosenFile[] {
  return chosen.filter(({ path }) => !arrived.has(path));
}

/**
 * Those of newly chosen files that are missing, with the paths that they had before: a person may choose a file alone,
 * or a folder within the first one, and its path is then shorter.
 */
export function takeMissing(
  missing: readonly ChosenFile[],
  files: readonly PathFile[],
): readonly PathFile[] {
  const taken = new Map<string, PathFile>();
  for (const { path, file } of files) {
    const candidates = missing.filter(
      (each) => each.path === path || (each.path.endsWith(`/${path}`) && each.size === file.size),
    );
    const found = candidates.find((each) => each.path === path) ?? onlyOne(candidates);
    if (found) taken.set(found.path, { path: found.path, file });
  }
  return [...taken.values()];
}

function onlyOne<T>(values: readonly T[]): T | undefined {
  return values.length === 1 ? values[0] : undefined;
}
