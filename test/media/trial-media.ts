/**
 * `npm run trial:media [-- SECTION ...] [--short] [--update] [--seed N]`: proves that every file gives the right pixels
 * or an honest refusal. Prints a line per requirement and exits with 1 if one does not hold. `--update` writes the
 * tables of docs/media.md.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { createReport } from '../jobs/trial-report.js';
import type { MediaTrial } from './media-trial.js';
import { runClips } from './trial-clips.js';
import { runLarge } from './trial-large.js';
import { runMatrix } from './trial-matrix.js';
import { runMutants } from './trial-mutants.js';
import { runReal } from './trial-real.js';

/** In the order in which they run. */
const SECTIONS = {
  matrix: runMatrix,
  clips: runClips,
  real: runReal,
  mutants: runMutants,
  large: runLarge,
} satisfies Record<string, (trial: MediaTrial) => Promise<void>>;

type SectionName = keyof typeof SECTIONS;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    seed: { type: 'string', default: '17' },
  },
});
const names = Object.keys(SECTIONS) as SectionName[];
const unknown = positionals.find((name) => !(name in SECTIONS));
if (unknown !== undefined) {
  console.error(`Unknown section ${unknown}. Sections: ${names.join(', ')}.`);
  process.exit(2);
}
const root = await mkdtemp(join(tmpdir(), 'trial-media-'));
const report = createReport((line) => console.log(line));
try {
  for (const name of positionals.length > 0 ? (positionals as SectionName[]) : names) {
    const folder = join(root, name);
    await mkdir(folder);
    await SECTIONS[name]({
      ...{ report, folder, isShort: values.short, seed: Number(values.seed) },
      updatesDocs: values.update,
    });
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
for (const failure of report.failures) console.log(`FAILED: ${failure}`);
process.exitCode = report.failures.length > 0 ? 1 : 0;
