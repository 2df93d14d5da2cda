/**
 * `npm run trial:service [-- --short] [-- SECTION …]`: starts the built service with the demo model and attacks it:
 * greedy, slow and expensive clients, overload, lost processes, fuzzed requests, damaged files, and faults of the disk.
 * Prints one line for each bound, and exits with 1 if one is broken. Durations are printed as figures, because they
 * depend on what else runs on the machine. `--short` takes less than 90 s; all sections in full take about an hour.
 */
import { runAttacks } from './attacks.js';
import { runClips } from './clips.js';
import { runDisk } from './disk.js';
import { runFuzz } from './fuzz.js';
import { runLosses } from './losses.js';
import { runOverload } from './overload.js';
import { createReport, type Report, type TrialRow } from './report.js';
import { runSchemathesis } from './schemathesis.js';

type Section = (report: Report, isShort: boolean) => Promise<void>;

const SECTIONS: Readonly<Record<string, Section>> = {
  attacks: runAttacks,
  overload: runOverload,
  clips: runClips,
  losses: runLosses,
  fuzz: runFuzz,
  disk: runDisk,
};

/** Sections that run only by name. */
const EXTRA_SECTIONS: Readonly<Record<string, Section>> = { schemathesis: runSchemathesis };

const args = process.argv.slice(2);
const isShort = args.includes('--short');
const chosen = args.filter((arg) => arg !== '--short');
const known: Readonly<Record<string, Section>> = { ...SECTIONS, ...EXTRA_SECTIONS };
const unknown = chosen.find((name) => !(name in known));
if (unknown !== undefined) {
  console.error(`Unknown section "${unknown}". Sections: ${Object.keys(known).join(', ')}.`);
  process.exit(2);
}

const rows: TrialRow[] = [];
console.log('section | what | bound or aim | measured | verdict');
for (const name of chosen.length > 0 ? chosen : Object.keys(SECTIONS)) {
  const report = createReport(name, rows);
  try {
    await known[name]?.(report, isShort);
  } catch (error) {
    report.check('the section itself', 'ends', String(error), false);
  }
}
const failed = rows.filter(({ verdict }) => verdict === 'FAILED');
console.log(`${rows.length} rows, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
