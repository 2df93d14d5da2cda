import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { itWithFfmpeg } from '../videos/ffmpeg-videos.js';

const TRIAL = join(import.meta.dirname, 'trial-media.ts');
const TIMEOUT_MS = 300_000;

itWithFfmpeg(
  'reads every file right or refuses it: the short form of `npm run trial:media`',
  async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', TRIAL, '--short'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    await once(child, 'close');

    // The whole output, so that a failure names its requirement.
    expect(output).not.toMatch(/FAIL|Error:/);
    expect(output.match(/^ok /gm)?.length ?? 0).toBeGreaterThanOrEqual(5);
    expect(child.exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
