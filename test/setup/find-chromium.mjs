import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';

import { runs } from './install-package.mjs';

/** What distributions and Google call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * The path of the Chromium that opens the page in tests: SALAMANDRA_CHROMIUM, or the first of the usual names on PATH
 * that starts.
 *
 * @returns {string | undefined} undefined where there is none.
 */
export function findChromium() {
  if (env.SALAMANDRA_CHROMIUM) return env.SALAMANDRA_CHROMIUM;
  const folders = (env.PATH ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  // Some distributions put a script of that name there which only says how to install the program.
  return paths.find((path) => existsSync(path) && runs(path, '--version'));
}
