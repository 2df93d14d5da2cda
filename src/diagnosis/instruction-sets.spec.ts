import { hasFastEightBits, parseProcessorFacts } from './instruction-sets.js';

/** One block of /proc/cpuinfo for each hyper-thread. */
function x86(flags: string, cores: readonly (readonly [socket: number, core: number])[]): string {
  return cores
    .map(
      ([socket, core], index) =>
        `processor\t: ${index}\nvendor_id\t: GenuineIntel\nphysical id\t: ${socket}\ncore id\t\t: ${core}\nflags\t\t: ${flags}\nbugs\t\t: spectre_v1`,
    )
    .join('\n\n');
}

describe('parseProcessorFacts', () => {
  it('counts cores, not their hyper-threads, over all sockets', () => {
    const text = x86('fpu sse2 avx2', [
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 0],
    ]);

    expect(parseProcessorFacts(text)).toEqual({ instructionSets: ['AVX2'], physicalCores: 3 });
  });

  it.each([
    ['avx2 avx512f avx512_vnni amx_int8 amx_tile', ['AVX2', 'AVX-512', 'VNNI', 'AMX'], true],
    ['avx2 avx_vnni', ['AVX2', 'VNNI'], true],
    ['avx2 avx512f avx512vbmi2', ['AVX2', 'AVX-512'], false],
    ['sse4_2', [], false],
  ])('knows %s', (flags, sets, isFast) => {
    const { instructionSets } = parseProcessorFacts(x86(flags, [[0, 0]]));

    expect(instructionSets).toEqual(sets);
    expect(hasFastEightBits(instructionSets)).toBe(isFast);
  });

  it('reads the list of an ARM processor, which numbers no cores', () => {
    const text = 'processor\t: 0\nFeatures\t: fp asimd evtstrm asimddp i8mm\nCPU part\t: 0xd40\n';

    expect(parseProcessorFacts(text)).toEqual({
      instructionSets: ['NEON', 'DOTPROD', 'I8MM'],
      physicalCores: null,
    });
  });
});
