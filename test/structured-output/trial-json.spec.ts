import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const TRIAL = join(import.meta.dirname, 'trial-json.ts');
const TIMEOUT_MS = 300_000;

it(
  'writes JSON of every schema: the short form of `npm run trial:json`',
  async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', TRIAL, '--short'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    await once(child, 'close');

    // The whole output, so that a failure names its bound.
    expect(output).not.toMatch(/FAIL|Error/);
    expect(output.match(/^ok /gm)).toHaveLength(3);
    expect(child.exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
