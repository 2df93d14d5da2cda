/**
 * Makes a fresh clone testable with Node and npm alone: installs when the lock file is newer than the
 * installation, builds when a source is newer than the build. Exits with the failing command's status.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const BUILD_INPUTS = ['package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Modification time in milliseconds, or 0 for a path that does not exist. */
function modifiedMs(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Newest modification time under a folder; the folders count too, so that a deletion shows. */
function newestMs(folder) {
  const entries = readdirSync(join(ROOT, folder), { recursive: true });
  return Math.max(modifiedMs(folder), ...entries.map((entry) => modifiedMs(join(folder, entry))));
}

function npm(...args) {
  const { status } = spawnSync('npm', args, {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

// npm writes this file last, when an installation is complete.
if (modifiedMs('node_modules/.package-lock.json') < modifiedMs('package-lock.json')) npm('ci');

const newestInputMs = Math.max(newestMs('src'), ...BUILD_INPUTS.map(modifiedMs));
if (modifiedMs('dist/main.js') < newestInputMs) npm('run', 'build');
