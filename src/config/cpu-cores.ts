import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** What decides how many threads are of use; null where a system does not say. */
export interface CpuCores {
  /** Hyper-threads this process may run on. */
  readonly logical: number;
  readonly physical: number | null;
  /** Cores' worth of time that is left to this process. */
  readonly limit: number | null;
}

/**
 * Threads that get on without being in each other's way: hyper-threads share the units that products are made with, and a
 * container stops all threads when their time is used up. One at least.
 */
export function countUsableCores({ logical, physical, limit } = readCores()): number {
  return Math.max(1, Math.floor(Math.min(logical, physical ?? Infinity, limit ?? Infinity)));
}

/** Cores without their hyper-threads in the text of Linux's /proc/cpuinfo; null where it numbers none. */
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

/** Where Linux tells of control groups: all of them, and those of this process. */
const CONTROL_GROUPS = { all: '/sys/fs/cgroup', own: '/proc/self/cgroup' };

/**
 * How many cores' worth of time control groups, a container's or a service's, leave to this process; null where nothing
 * limits it. Node's count of cores does not know of it. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html,
 * "cpu.max", and the first version's cpu.cfs_quota_us.
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

/** The groups of this process and all around them; inside a container, where its own cannot be seen, the outermost. */
function groupFolders(all: string, own: string): Set<string> {
  const folders = new Set<string>();
  const lines = ['0::/', '0:cpu:/', ...(readText(own)?.split('\n') ?? [])];
  for (const line of lines) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    const isFirstVersion = controllers.split(',').includes('cpu');
    if (controllers !== '' && !isFirstVersion) continue;
    const root = isFirstVersion ? join(all, 'cpu') : all;
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
