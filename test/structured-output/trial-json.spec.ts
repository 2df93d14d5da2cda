import { join } from 'node:path';

import { runTrial } from '../setup/run-trial.js';

const TRIAL = join(import.meta.dirname, 'trial-json.ts');
const TIMEOUT_MS = 300_000;

it(
  'writes JSON of every schema: the short form of `npm run trial:json`',
  async () => {
    const { output, exitCode } = await runTrial(TRIAL, '--short');

    expect(output).not.toMatch(/FAIL|Error/);
    expect(output.match(/^ok /gm)).toHaveLength(3);
    expect(exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
