import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** CPU cores of this process. `null` if the operating system does not report a value. */
export interface CpuCores {
  /** Hardware threads that this process may use. */
  readonly logical: number;
  readonly physical: number | null;
  /** CPU quota of the control group, in cores. */
  readonly limit: number | null;
}

/**
 * The number of threads that can compute in parallel, at least 1. Hyper-threads share the multiplication units of a
 * core, and a control group pauses all threads once its CPU quota is used up.
 */
export function countUsableCores({ logical, physical, limit } = readCores()): number {
  return Math.max(1, Math.floor(Math.min(logical, physical ?? Infinity, limit ?? Infinity)));
}

/** The number of physical cores in the text of Linux's /proc/cpuinfo; `null` if it has no core ids. */
export function countPhysicalCores(cpuinfo: string): number | null {
  const cores = new Set<string>();
  for (const block of cpuinfo.split(/\n\s*\n/)) {
    const [, core] = /^core id\s*:\s*(\d+)/m.exec(block) ?? [];
    const [, socket = '0'] = /^physical id\s*:\s*(\d+)/m.exec(block) ?? [];
    if (core !== undefined) cores.add(`${socket}:${core}`);
  }
  return cores.size === 0 ? null : cores.size;
}

function readCores(): CpuCores {
  return {
    logical: availableParallelism(),
    physical: countPhysicalCores(readCpuinfo()),
    limit: readCgroupCpuLimit(),
  };
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

/** The mount point of Linux's control groups, and the list of this process's groups. */
const CONTROL_GROUPS = { all: '/sys/fs/cgroup', own: '/proc/self/cgroup' };

/**
 * The CPU quota of this process's control groups (container or systemd service), in cores. Node's
 * `availableParallelism` ignores it.
 *
 * Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (`cpu.max`); `cpu.cfs_quota_us` in version 1.
 *
 * @returns the lowest quota; `null` if there is none
 */
export function readCgroupCpuLimit({ all, own } = CONTROL_GROUPS): number | null {
  const limits = [...groupFolders(all, own)].flatMap((folder) => {
    const [quota, period] =
      readText(join(folder, 'cpu.max'))?.split(' ') ??
      ['quota', 'period'].map((part) => readText(join(folder, `cpu.cfs_${part}_us`)));
    const cores = Number(quota ?? 'max') / Number(period ?? 'max');
    return Number.isFinite(cores) && cores > 0 ? [cores] : [];
  });
  return limits.length === 0 ? null : Math.min(...limits);
}

/** The groups of this process and their parents. Inside a container, its own group may be mounted as the root. */
function groupFolders(all: string, own: string): Set<string> {
  const folders = new Set<string>();
  const lines = ['0::/', '0:cpu:/', ...(readText(own)?.split('\n') ?? [])];
  for (const line of lines) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    const isVersion1 = controllers.split(',').includes('cpu');
    if (controllers !== '' && !isVersion1) continue;
    const root = isVersion1 ? join(all, 'cpu') : all;
    for (let at = path; ; at = dirname(at)) {
      folders.add(join(root, at));
      if (at === '/') break;
    }
  }
  return folders;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
