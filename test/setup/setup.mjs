/**
 * Makes a fresh clone runnable with Node and npm alone: installs when the lock file is newer than the
 * installation, builds when a source is newer than the build. `npm test` runs this file, `npm run demo` and
 * `npm run evaluate:demo` too.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { URL, fileURLToPath } from 'node:url';

import { setUpFfmpeg } from './set-up-ffmpeg.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD_INPUTS = [
  ...['package.json', 'package-lock.json'],
  ...['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'],
];
/** One of the service's, one of the page's: they are built one after the other. */
const BUILD_OUTPUTS = ['dist/main.js', 'dist/web/page/main.js'];

/** Installs and builds what is missing or stale. Exits with the failing command's status; ffmpeg may stay missing. */
export function setUp() {
  // npm writes this file last, when an installation is complete.
  if (modifiedMs('node_modules/.package-lock.json') < modifiedMs('package-lock.json')) {
    console.log('Installing the dependencies (npm ci), which can take a minute or two ...');
    // Its warnings are about tools that would like a newer Node and work with this one; errors still show.
    npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
  }

  const newestInputMs = Math.max(newestMs('src'), ...BUILD_INPUTS.map(modifiedMs));
  if (Math.min(...BUILD_OUTPUTS.map(modifiedMs)) < newestInputMs) {
    console.log('Building (npm run build) ...');
    npm('run', '--silent', 'build');
  }
  setUpFfmpeg();
}

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

if (realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) setUp();
