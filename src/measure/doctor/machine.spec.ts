import { THREE_CORES, x86Cpuinfo } from '../../../test/fakes/cpuinfo.js';
import { hasFastInt8, parseProcessorFacts } from './machine.js';

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
