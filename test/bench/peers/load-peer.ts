import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BENCH = join(import.meta.dirname, '..');

/**
 * Installs the dependencies of the bench: the peers and the plotting library. Its lock file marks the GPU packages,
 * hundreds of megabytes, as those of another system, so that npm skips them. Install scripts are off, since they would
 * download compilers.
 */
export function installPeers(): void {
  if (existsSync(join(BENCH, 'node_modules/.package-lock.json'))) return;
  console.log('Installing what only the bench needs (npm install in test/bench) ...');
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', [...args, '--loglevel=error'], {
    cwd: BENCH,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm could not install the dependencies of the bench.');
}

/** Imports a dependency of the bench. The caller states its type, since it may not be installed. */
export async function importPeer<T>(name: string): Promise<T> {
  const require = createRequire(join(BENCH, 'package.json'));
  return (await import(pathToFileURL(require.resolve(name)).href)) as T;
}
