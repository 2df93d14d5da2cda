import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';

import { readCgroupCpuLimit } from '../../config/cpu-cores.js';
import { findFfmpeg } from '../../media/find-ffmpeg.js';
import { parseProcessorFacts, type ProcessorFacts } from './instruction-sets.js';

/** What of a machine decides how a model runs on it. Sizes are in bytes. */
export interface Machine {
  readonly processor: string;
  /** Threads that ran or wanted to, all over the machine, on average over the last minute; 0 on Windows. */
  readonly load: number;
  /** Hyper-threads this process may run on. */
  readonly logicalCores: number;
  /** Cores' worth of time that a container leaves; null: no limit. */
  readonly coreLimit: number | null;
  /** Null where this system does not say. */
  readonly facts: ProcessorFacts | null;
  readonly memory: {
    readonly total: number;
    /** What a container leaves of it; null: no limit. */
    readonly limit: number | null;
    /** Free now, or freed at once when it is asked for. */
    readonly available: number;
  };
  /** Free for this user where models are stored. */
  readonly diskFree: number;
  /** The path of the program; null where there is none that will do. */
  readonly ffmpeg: string | null;
}

/** @param home the folder of models, which need not exist yet. */
export async function inspectMachine(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Machine> {
  const total = totalmem();
  // Without a limit Node gives 0 or a number past any memory.
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
    ffmpeg: await findFfmpeg(env).then(
      ({ ffmpegPath }) => ffmpegPath,
      () => null,
    ),
  };
}

/** The name of the first core's processor, by which a calibration knows its machine again. */
export function describeProcessor(): string {
  return cpus()[0]?.model.trim() ?? 'unknown processor';
}

/** Bytes that a model may take on this machine, whatever else runs now. */
export function usableMemory({ memory }: Machine): number {
  return memory.limit ?? memory.total;
}

async function readProcessorFacts(): Promise<ProcessorFacts | null> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => null);
  return cpuinfo === null ? null : parseProcessorFacts(cpuinfo);
}

/** Of the folder, or of the closest one above it that exists. */
async function readDiskFree(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => null);
  if (found) return found.bavail * found.bsize;
  return dirname(folder) === folder ? 0 : readDiskFree(dirname(folder));
}
