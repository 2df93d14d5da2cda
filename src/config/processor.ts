import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Instruction sets that decide the speed of int8 and float32 matrix products. */
export type InstructionSet = 'AVX2' | 'AVX-512' | 'VNNI' | 'AMX' | 'NEON' | 'DOTPROD' | 'I8MM';

/** Flags in /proc/cpuinfo; any one of them means the instruction set. */
const FLAGS: readonly (readonly [InstructionSet, readonly string[]])[] = [
  ['AVX2', ['avx2']],
  ['AVX-512', ['avx512f']],
  ['VNNI', ['avx512_vnni', 'avx_vnni']],
  ['AMX', ['amx_int8']],
  ['NEON', ['asimd', 'neon']],
  ['DOTPROD', ['asimddp']],
  ['I8MM', ['i8mm']],
];

/** The instruction sets in Linux's /proc/cpuinfo: `flags` on x86, `Features` on ARM. */
export function parseInstructionSets(cpuinfo: string): InstructionSet[] {
  const [, list = ''] = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo) ?? [];
  const flags = new Set(list.trim().split(/\s+/));
  return FLAGS.flatMap(([name, names]) => (names.some((flag) => flags.has(flag)) ? [name] : []));
}

/** The instruction sets of this machine; none if the system has no /proc/cpuinfo. */
export function readInstructionSets(): InstructionSet[] {
  try {
    return parseInstructionSets(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** Model name of the first core. */
export function describeProcessor(): string {
  return cpus()[0]?.model.trim() ?? 'unknown processor';
}
