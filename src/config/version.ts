import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { PROJECT_DIRECTORY } from './configuration.js';

/** The version of this program. */
export function readVersion(): string {
  const text = readFileSync(join(PROJECT_DIRECTORY, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
