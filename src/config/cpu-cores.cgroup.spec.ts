import { mkdirSync } from 'node:fs';

import { createTemporaryFolder, type TemporaryFolder } from '../../test/setup/temporary-folder.js';
import { readCgroupCpuLimit } from './cpu-cores.js';

let folder: TemporaryFolder;

beforeEach(() => {
  folder = createTemporaryFolder();
});

afterEach(() => folder.remove());

/** @param files texts by path below the mount point. @param own content of /proc/self/cgroup */
function limitOf(files: Readonly<Record<string, string>>, own?: string): number | null {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(folder.path(`groups/${path}/..`), { recursive: true });
    folder.write(`groups/${path}`, text);
  }
  if (own !== undefined) folder.write('own', own);
  return readCgroupCpuLimit({ all: folder.path('groups'), own: folder.path('own') });
}

describe('readCgroupCpuLimit', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['400000 100000\n', 4],
    ['max 100000\n', null],
  ])('parses version 2: %j', (text, cores) => {
    expect(limitOf({ 'cpu.max': text })).toBe(cores);
  });

  it.each([
    ['200000\n', 2],
    ['-1\n', null],
  ])('parses version 1: %j', (quota, cores) => {
    const files = { 'cpu/cpu.cfs_quota_us': quota, 'cpu/cpu.cfs_period_us': '100000\n' };

    expect(limitOf(files)).toBe(cores);
  });

  it('uses the lowest quota of its group and the parents', () => {
    const files = {
      'a.slice/cpu.max': '300000 100000\n',
      'a.slice/b.service/cpu.max': 'max 100000\n',
      'other/cpu.max': '100000 100000\n',
    };

    expect(limitOf(files, '0::/a.slice/b.service\n')).toBe(3);
  });

  it('finds its version 1 group among other controllers', () => {
    const files = {
      'cpu/mine/cpu.cfs_quota_us': '250000\n',
      'cpu/mine/cpu.cfs_period_us': '100000\n',
      'cpu/yours/cpu.cfs_quota_us': '100000\n',
      'cpu/yours/cpu.cfs_period_us': '100000\n',
    };

    expect(limitOf(files, '4:memory:/yours\n3:cpu,cpuacct:/mine\n')).toBe(2.5);
  });

  it('uses the root group if its own is not mounted', () => {
    expect(limitOf({ 'cpu.max': '200000 100000\n' }, '0::/docker/0f0f\n')).toBe(2);
  });

  it('returns null without control groups', () => {
    expect(limitOf({})).toBeNull();
  });
});
