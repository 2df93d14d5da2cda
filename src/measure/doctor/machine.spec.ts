import { statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { inspectMachine, type Machine, usableMemory } from './machine.js';

describe('inspectMachine', () => {
  const folder = createTemporaryFolder();
  afterAll(() => folder.remove());

  it('reads the free space of the closest folder that exists', async () => {
    const home = join(folder.path('not'), 'yet', 'there');
    const { diskFree } = await inspectMachine(home, {});
    const { bavail, bsize } = statfsSync(folder.path('.'));

    // Others write to this disk as well.
    expect(Math.abs(diskFree - bavail * bsize)).toBeLessThan(1e9);
    expect(diskFree).toBeGreaterThan(0);
  });

  it('counts memory and cores of this process', async () => {
    const { memory, logicalCores, processor } = await inspectMachine(folder.path('.'), {});

    expect(memory.total).toBe(totalmem());
    expect(memory.available).toBeGreaterThan(0);
    expect(memory.available).toBeLessThanOrEqual(memory.total);
    expect(memory.limit === null || memory.limit < memory.total).toBe(true);
    expect(logicalCores).toBeGreaterThanOrEqual(1);
    expect(processor).toMatch(/^\S/);
  });

  it('has no ffmpeg if SALAMANDRA_FFMPEG names none', async () => {
    const { ffmpeg } = await inspectMachine(folder.path('.'), { SALAMANDRA_FFMPEG: '/absent' });

    expect(ffmpeg).toBeNull();
  });
});

describe('usableMemory', () => {
  const machine = (limit: number | null) =>
    ({ memory: { total: 8e9, limit, available: 1e9 } }) as Machine;

  it('is the memory of the machine, or the part that a container may use', () => {
    expect(usableMemory(machine(null))).toBe(8e9);
    expect(usableMemory(machine(2e9))).toBe(2e9);
  });
});
