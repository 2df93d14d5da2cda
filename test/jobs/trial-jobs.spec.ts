import { join } from 'node:path';

import { runTrial } from '../setup/run-trial.js';

const TRIAL = join(import.meta.dirname, 'trial-jobs.ts');
const TIMEOUT_MS = 300_000;

it(
  'loses no item and does none twice: the short form of `npm run trial:jobs`',
  async () => {
    const { output, exitCode } = await runTrial(TRIAL, '--short', '--seed', '4');

    expect(output).not.toMatch(/FAIL|Error/);
    expect(output.match(/^ok /gm)?.length ?? 0).toBeGreaterThan(12);
    expect(exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
