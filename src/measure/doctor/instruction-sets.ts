import { countPhysicalCores } from '../../config/cpu-cores.js';

/** Instructions that decide how fast products of eight bits and of floats run. */
export type InstructionSet = 'AVX2' | 'AVX-512' | 'VNNI' | 'AMX' | 'NEON' | 'DOTPROD' | 'I8MM';

/** The names of the flags in Linux's list, any of which means the set. */
const FLAGS: readonly (readonly [InstructionSet, readonly string[]])[] = [
  ['AVX2', ['avx2']],
  ['AVX-512', ['avx512f']],
  ['VNNI', ['avx512_vnni', 'avx_vnni']],
  ['AMX', ['amx_int8']],
  ['NEON', ['asimd', 'neon']],
  ['DOTPROD', ['asimddp']],
  ['I8MM', ['i8mm']],
];

/** What makes a product of eight bits several times as fast as one of floats. */
const EIGHT_BIT_SETS: readonly InstructionSet[] = ['VNNI', 'AMX', 'DOTPROD', 'I8MM'];

export interface ProcessorFacts {
  readonly instructionSets: readonly InstructionSet[];
  /** Cores without their hyper-threads; null where the list does not say. */
  readonly physicalCores: number | null;
}

/** Reads the text of Linux's /proc/cpuinfo: `flags` on x86, `Features` on ARM. */
export function parseProcessorFacts(cpuinfo: string): ProcessorFacts {
  const [, list = ''] = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo) ?? [];
  const flags = new Set(list.trim().split(/\s+/));
  const instructionSets = FLAGS.flatMap(([name, names]) =>
    names.some((flag) => flags.has(flag)) ? [name] : [],
  );
  return { instructionSets, physicalCores: countPhysicalCores(cpuinfo) };
}

/** Whether products of eight bits run on instructions made for them. */
export function hasFastEightBits(instructionSets: readonly InstructionSet[]): boolean {
  return EIGHT_BIT_SETS.some((name) => instructionSets.includes(name));
}
