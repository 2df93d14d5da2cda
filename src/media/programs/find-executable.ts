import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Ending of executables. */
export const EXECUTABLE_SUFFIX = process.platform === 'win32' ? '.exe' : '';

/** Absolute paths that a program may have by PATH, in its order. */
export function listPaths(name: string, env: Environment): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(folder, `${name}${EXECUTABLE_SUFFIX}`));
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Absolute path of the first program of this name on PATH; `null` if there is none. */
export async function findExecutable(name: string, env: Environment): Promise<string | null> {
  for (const path of listPaths(name, env)) if (await isExecutable(path)) return path;
  return null;
}
