import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const BENCH = join(import.meta.dirname, '..');

/**
 * Installs what only the bench needs: the peer, and what draws. Its lock file marks the packages for graphics cards, hundreds
 * of megabytes, as those of another system, so that npm leaves them out; install scripts would fetch compilers.
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
  if (status !== 0) throw new Error('The peers could not be installed.');
}

/** Imports a package of the bench's own; its types are the caller's to state, since it may not be installed. */
export async function importPeer<T>(name: string): Promise<T> {
  const require = createRequire(join(BENCH, 'package.json'));
  return (await import(pathToFileURL(require.resolve(name)).href)) as T;
}
