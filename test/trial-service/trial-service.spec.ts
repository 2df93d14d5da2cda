import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { itWithFfmpeg } from '../videos/ffmpeg-videos.js';
import { formatCounts, quantile } from './report.js';

jest.setTimeout(600_000);

/** The trial reads /proc and uses the addresses 127.0.0.2 and following. */
const onLinux = process.platform === 'linux' ? itWithFfmpeg : it.skip;

onLinux('holds every bound of the short trial', async () => {
  const trial = join(import.meta.dirname, 'trial-service.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', trial, '--short'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];

  expect(output.split('\n').filter((line) => line.endsWith('| FAILED'))).toEqual([]);
  for (const section of ['attacks', 'overload', 'losses', 'fuzz', 'disk']) {
    expect(output).toMatch(new RegExp(`^${section} .* held$`, 'm'));
  }
  expect(code).toBe(0);
});

it('takes quantiles, and prints counts by name', () => {
  expect(quantile([5, 1, 3, 2, 4], 0.5)).toBe(3);
  expect(quantile([1, 2], 0.99)).toBe(2);
  expect(
    formatCounts(
      new Map([
        ['503', 1],
        ['200', 3],
      ]),
    ),
  ).toBe('200: 3, 503: 1');
});
