/**
 * Makes a checkout runnable with Node and npm alone: installs the dependencies if package-lock.json is newer than the
 * installation, builds if a source file is newer than the build. `npx salamandra`, `npm start`, `npm test` and
 * `npm run demo` all begin here. Messages go to standard error: standard output belongs to the command.
 */
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { URL, fileURLToPath } from 'node:url';

import { setUpFfmpeg } from './set-up-ffmpeg.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD_INPUTS = [
  ...['package.json', 'package-lock.json'],
  ...['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'],
];
/** One file of the service and one of the page, which is built second. */
const BUILD_OUTPUTS = ['dist/main.js', 'dist/web/page/main.js'];

/**
 * Installs and builds what is missing or stale. Takes less than 100 ms and prints nothing if all is current. Exits with
 * the status of a command that fails.
 *
 * @param {object} [options]
 * @param {'always' | 'first-time'} [options.ffmpeg] when to look for ffmpeg, which takes longer than the rest:
 *   `first-time` only after the dependencies were installed. A missing ffmpeg is no failure.
 */
export function setUp({ ffmpeg = 'always' } = {}) {
  // npm writes this file last, when an installation is complete.
  const isInstalled =
    modifiedMs('node_modules/.package-lock.json') >= modifiedMs('package-lock.json');
  if (!isInstalled && isLink('node_modules')) {
    // `npm ci` would empty the folder that another checkout uses.
    console.error('node_modules is a link to an older installation: run npm ci where it belongs.');
  } else if (!isInstalled) {
    console.error('Installing the dependencies (npm ci), which takes a minute or two ...');
    // npm's warnings are about tools that ask for a newer Node and work with this one; errors still show.
    npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
  }

  const newestInputMs = Math.max(newestMs('src'), ...BUILD_INPUTS.map(modifiedMs));
  if (Math.min(...BUILD_OUTPUTS.map(modifiedMs)) < newestInputMs) {
    console.error('Building (npm run build) ...');
    npm('run', '--silent', 'build');
  }
  if (ffmpeg === 'always' || !isInstalled) setUpFfmpeg();
}

/** Modification time in milliseconds, or 0 for a path that does not exist. */
function modifiedMs(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isLink(path) {
  return lstatSync(join(ROOT, path), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/**
 * Newest modification time under a folder, specs aside. Folders count, so that a deleted file makes the build stale.
 */
function newestMs(folder) {
  const entries = readdirSync(join(ROOT, folder), { recursive: true }).filter(
    (entry) => !/\.spec\.tsx?$/.test(entry),
  );
  return Math.max(modifiedMs(folder), ...entries.map((entry) => modifiedMs(join(folder, entry))));
}

/** Runs npm with its standard output on standard error (file descriptor 2). */
function npm(...args) {
  const { status } = spawnSync('npm', args, {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) setUp();
