import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const TRIAL = join(import.meta.dirname, 'trial-jobs.ts');
const TIMEOUT_MS = 300_000;

it(
  'loses no item and does none twice: the short form of `npm run trial:jobs`',
  async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', TRIAL, '--short', '--seed', '4'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    await once(child, 'close');

    // The whole output, so that a failure names its requirement.
    expect(output).not.toMatch(/FAIL|Error/);
    expect(output.match(/^ok /gm)?.length ?? 0).toBeGreaterThan(12);
    expect(child.exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
