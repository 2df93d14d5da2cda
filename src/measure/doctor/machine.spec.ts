import { statfsSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

import { THREE_CORES, x86Cpuinfo } from '../../../test/fakes/cpuinfo.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import {
  hasFastInt8,
  inspectMachine,
  type Machine,
  parseProcessorFacts,
  usableMemory,
} from './machine.js';

describe('inspectMachine', () => {
  const folder = createTemporaryFolder();
  afterAll(() => folder.remove());

  it('reads the free disk space of the nearest existing parent folder', async () => {
    const home = join(folder.path('not'), 'yet', 'there');
    const { diskFree } = await inspectMachine(home, {});
    const { bavail, bsize } = statfsSync(folder.path('.'));

    // Other processes write to this disk as well.
    expect(Math.abs(diskFree - bavail * bsize)).toBeLessThan(1e9);
    expect(diskFree).toBeGreaterThan(0);
  });

  it('reads the memory and cores that are available to this process', async () => {
    const { memory, logicalCores, processor } = await inspectMachine(folder.path('.'), {});

    expect(memory.total).toBe(totalmem());
    expect(memory.available).toBeGreaterThan(0);
    expect(memory.available).toBeLessThanOrEqual(memory.total);
    expect(memory.limit === null || memory.limit < memory.total).toBe(true);
    expect(logicalCores).toBeGreaterThanOrEqual(1);
    expect(processor).toMatch(/^\S/);
  });

  it('finds programs on PATH', async () => {
    const installed = async (path: string) => {
      const { programs } = await inspectMachine(folder.path('.'), { PATH: path });
      return programs.map(({ name, path: found }) => [name, found]);
    };
    for (const name of ['ddjvu', 'dcraw_emu']) {
      writeFileSync(folder.path(name), '#!/bin/sh\n', { mode: 0o755 });
    }

    expect(await installed(folder.path('absent'))).toEqual([
      ['ddjvu', null],
      ['dcraw_emu', null],
    ]);
    // raw-identify, of the same package as dcraw_emu, is missing.
    expect(await installed(folder.path('.'))).toEqual([
      ['ddjvu', folder.path('ddjvu')],
      ['dcraw_emu', null],
    ]);
  });

  it('finds no ffmpeg if SALAMANDRA_FFMPEG is not a program', async () => {
    const { ffmpeg } = await inspectMachine(folder.path('.'), { SALAMANDRA_FFMPEG: '/absent' });

    expect(ffmpeg).toBeNull();
  });
});

describe('usableMemory', () => {
  const machine = (limit: number | null) =>
    ({ memory: { total: 8e9, limit, available: 1e9 } }) as Machine;

  it('is the total memory, or the memory limit of the container', () => {
    expect(usableMemory(machine(null))).toBe(8e9);
    expect(usableMemory(machine(2e9))).toBe(2e9);
  });
});

describe('parseProcessorFacts', () => {
  it('counts physical cores of all sockets', () => {
    const text = x86Cpuinfo('fpu sse2 avx2', THREE_CORES);

    expect(parseProcessorFacts(text)).toEqual({ instructionSets: ['AVX2'], physicalCores: 3 });
  });

  it.each([
    ['avx2 avx512f avx512_vnni amx_int8 amx_tile', ['AVX2', 'AVX-512', 'VNNI', 'AMX'], true],
    ['avx2 avx_vnni', ['AVX2', 'VNNI'], true],
    ['avx2 avx512f avx512vbmi2', ['AVX2', 'AVX-512'], false],
    ['sse4_2', [], false],
  ])('knows %s', (flags, sets, isFast) => {
    const { instructionSets } = parseProcessorFacts(x86Cpuinfo(flags, [[0, 0]]));

    expect(instructionSets).toEqual(sets);
    expect(hasFastInt8(instructionSets)).toBe(isFast);
  });

  it('parses an ARM processor, whose /proc/cpuinfo has no core ids', () => {
    const text = 'processor\t: 0\nFeatures\t: fp asimd evtstrm asimddp i8mm\nCPU part\t: 0xd40\n';

    expect(parseProcessorFacts(text)).toEqual({
      instructionSets: ['NEON', 'DOTPROD', 'I8MM'],
      physicalCores: null,
    });
  });
});
