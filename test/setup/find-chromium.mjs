import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';

import { runs } from './install-package.mjs';

/** Names of the program in Linux distributions and in Google's packages. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * Finds the Chromium for the page tests: SALAMANDRA_CHROMIUM, or the first of the usual names on PATH that starts.
 *
 * @returns {string | undefined} its path; undefined if none is found.
 */
export function findChromium() {
  if (env.SALAMANDRA_CHROMIUM) return env.SALAMANDRA_CHROMIUM;
  const folders = (env.PATH ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  // Ubuntu installs a script of that name which only prints how to install the program.
  return paths.find((path) => existsSync(path) && runs(path, '--version'));
}
