import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { readCoreLimit } from './core-limit.js';

/** What decides how many threads are of use; null where a system does not say. */
export interface Cores {
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

function readCores(): Cores {
  return {
    logical: availableParallelism(),
    physical: countPhysicalCores(readCpuinfo()),
    limit: readCoreLimit(),
  };
}

function readCpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
