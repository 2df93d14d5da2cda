import { mkdirSync } from 'node:fs';

import { createTemporaryFolder, type TemporaryFolder } from '../../test/temporary-folder.js';
import { readCoreLimit } from './core-limit.js';

let folder: TemporaryFolder;

beforeEach(() => {
  folder = createTemporaryFolder();
});

afterEach(() => folder.remove());

describe('readCoreLimit', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['400000 100000\n', 4],
    ['max 100000\n', null],
  ])('reads cgroup v2: %j', async (text, cores) => {
    folder.write('cpu.max', text);

    expect(await readCoreLimit(folder.path('.'))).toBe(cores);
  });

  it.each([
    ['200000\n', 2],
    ['-1\n', null],
  ])('reads cgroup v1: %j', async (quota, cores) => {
    mkdirSync(folder.path('cpu'));
    folder.write('cpu/cpu.cfs_quota_us', quota);
    folder.write('cpu/cpu.cfs_period_us', '100000\n');

    expect(await readCoreLimit(folder.path('.'))).toBe(cores);
  });

  it('finds no limit where there are no such files', async () => {
    expect(await readCoreLimit(folder.path('.'))).toBeNull();
  });
});
