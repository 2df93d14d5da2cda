/**
 * `npm run trial:jobs [-- SECTION ...] [--short] [--seed N] [--port N]`: proves that archive jobs lose nothing and do
 * nothing twice, on SQLite and PostgreSQL, and that their machinery is fast enough. Prints a line per requirement and
 * exits with 1 if one does not hold.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { installPostgres } from './postgres-cluster.js';
import { runTrial, SECTIONS, type SectionName } from './trial-sections.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    port: { type: 'string', default: '9350' },
  },
});
const unknown = positionals.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  console.error(`Unknown section ${unknown[0]}. Sections: ${Object.keys(SECTIONS).join(', ')}.`);
  process.exit(2);
}
if (!values.short && !installPostgres()) {
  console.log('PostgreSQL is missing and cannot be installed: only SQLite is tried.');
}
const folder = await mkdtemp(join(tmpdir(), 'trial-jobs-'));
try {
  const failures = await runTrial({
    sections: positionals as SectionName[],
    isShort: values.short,
    seed: Number(values.seed),
    port: Number(values.port),
    folder,
    print: (line) => console.log(line),
  });
  for (const failure of failures) console.log(`FAILED: ${failure}`);
  process.exitCode = failures.length > 0 ? 1 : 0;
} finally {
  await rm(folder, { recursive: true, force: true });
}
