import { join } from 'node:path';

import { runTrial } from '../setup/run-trial.js';
import { itWithFfmpeg } from '../videos/ffmpeg-videos.js';

const TRIAL = join(import.meta.dirname, 'trial-media.ts');
const TIMEOUT_MS = 300_000;

itWithFfmpeg(
  'reads every file right or refuses it: the short form of `npm run trial:media`',
  async () => {
    const { output, exitCode } = await runTrial(TRIAL, '--short');

    expect(output).not.toMatch(/FAIL|Error:/);
    expect(output.match(/^ok /gm)?.length ?? 0).toBeGreaterThanOrEqual(5);
    expect(exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
