import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';

import { readCgroupCpuLimit, countPhysicalCores } from '../../config/cpu-cores.js';
import {
  describeProcessor,
  type InstructionSet,
  parseInstructionSets,
} from '../../config/processor.js';
import { findFfmpeg } from '../../media/find-ffmpeg.js';
import { findProgram, PROGRAMS } from '../../media/programs/programs.js';
import { canCapResources } from '../../media/resource-caps.js';

/** The properties of a machine that decide how fast a model runs, and whether it fits. Sizes are in bytes. */
export interface Machine {
  readonly processor: string;
  /** Load average of the last minute; 0 on Windows. */
  readonly load: number;
  /** Hardware threads available to this process. */
  readonly logicalCores: number;
  /** CPU limit of the container (cgroup), in cores; `null` if there is none. */
  readonly coreLimit: number | null;
  /** `null` if the system has no /proc/cpuinfo. */
  readonly facts: ProcessorFacts | null;
  readonly memory: {
    readonly total: number;
    /** Memory limit of the container; `null` if there is none. */
    readonly limit: number | null;
    /** Free memory, including caches that the system can drop. */
    readonly available: number;
  };
  /** Free disk space for this user in the model folder. */
  readonly diskFree: number;
  /** Path of ffmpeg; `null` if there is none of a supported version. */
  readonly ffmpeg: string | null;
  /** Programs that decode further formats, and whether they are installed. */
  readonly programs: readonly InstalledProgram[];
  /** Whether the memory of media decoders can be limited (see media/resource-caps.ts). */
  readonly canCapDecoders: boolean;
}

interface InstalledProgram {
  readonly name: string;
  /** Plural noun phrase: the files that it decodes. */
  readonly files: string;
  readonly debianPackage: string;
  /** `null` if it is not on PATH. */
  readonly path: string | null;
}

/** @param home the model folder, which need not exist. */
export async function inspectMachine(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Machine> {
  const total = totalmem();
  // Without a limit, Node returns 0 or a number above the total memory.
  const limit = process.constrainedMemory();
  return {
    processor: describeProcessor(),
    load: loadavg()[0] ?? 0,
    logicalCores: availableParallelism(),
    coreLimit: readCgroupCpuLimit(),
    facts: await readProcessorFacts(),
    memory: {
      total,
      limit: limit > 0 && limit < total ? limit : null,
      available: process.availableMemory(),
    },
    diskFree: await readDiskFree(resolve(home)),
    canCapDecoders: await canCapResources(),
    programs: await Promise.all(
      PROGRAMS.map(async (program) => {
        const { name, files, debianPackage } = program;
        const [path = null] = (await findProgram(program, env)) ?? [];
        return { name, files, debianPackage, path };
      }),
    ),
    ffmpeg: await findFfmpeg(env).then(
      ({ ffmpegPath }) => ffmpegPath,
      () => null,
    ),
  };
}

/** Memory that a model may take, in bytes. Memory in use by other processes is not subtracted. */
export function usableMemory({ memory }: Machine): number {
  return memory.limit ?? memory.total;
}

async function readProcessorFacts(): Promise<ProcessorFacts | null> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => null);
  return cpuinfo === null ? null : parseProcessorFacts(cpuinfo);
}

/** Free space of the folder's file system; of the nearest existing parent if the folder does not exist. */
async function readDiskFree(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => null);
  if (found) return found.bavail * found.bsize;
  return dirname(folder) === folder ? 0 : readDiskFree(dirname(folder));
}

/** Instruction sets that make int8 products several times as fast as float32. */
const INT8_SETS: readonly InstructionSet[] = ['VNNI', 'AMX', 'DOTPROD', 'I8MM'];

export interface ProcessorFacts {
  readonly instructionSets: readonly InstructionSet[];
  /** Physical cores, without hyper-threads; `null` if /proc/cpuinfo does not list them. */
  readonly physicalCores: number | null;
}

/** Parses Linux's /proc/cpuinfo: `flags` on x86, `Features` on ARM. */
export function parseProcessorFacts(cpuinfo: string): ProcessorFacts {
  return {
    instructionSets: parseInstructionSets(cpuinfo),
    physicalCores: countPhysicalCores(cpuinfo),
  };
}

/** Whether the processor has dedicated int8 dot-product instructions. */
export function hasFastInt8(instructionSets: readonly InstructionSet[]): boolean {
  return INT8_SETS.some((name) => instructionSets.includes(name));
}
