import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const NAME = 'visual-salamandra';

const execute = promisify(execFile);

/** Packs the built checkout. @returns the path of the tarball in the folder */
export async function pack(folder: string): Promise<string> {
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack has written no file.');
  return join(folder, tarball);
}

/**
 * Lays out a project that has the package installed, without a registry: the packed files, and links to the packages
 * of this checkout that production needs. A file or a dependency that is missing from the package is missing there.
 *
 * @returns the folder of the installed package
 */
export async function installFromTarball(tarball: string, project: string): Promise<string> {
  const modules = join(project, 'node_modules');
  const installed = join(modules, NAME);
  mkdirSync(installed, { recursive: true });
  await execute('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const path of productionPackages()) {
    const target = join(modules, path);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', path), target);
  }
  return installed;
}

/** The environment of a user with another home, whose data folder is below it. */
export function environmentOfUser(home: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, HOME: home };
  delete env['SALAMANDRA_HOME'];
  delete env['XDG_DATA_HOME'];
  return env;
}

/** Copies sample files of the checkout. */
export function copySamples(folder: string, names: readonly string[]): void {
  for (const name of names) cpSync(join(ROOT, 'samples', name), join(folder, name));
}

/** Names of the top-level packages in the lock file that are no development dependencies. */
function productionPackages(): string[] {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  const installed = new Set(readdirSync(join(ROOT, 'node_modules'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([, { dev }]) => dev !== true)
    .map(([path]) => path.replace(/^node_modules\//, ''))
    .filter((path) => path !== '' && !path.includes('node_modules/'))
    .filter((path) => installed.has(path.split('/')[0] ?? ''));
}
