import { readdirSync, readFileSync } from 'node:fs';

import { listChildren } from '../setup/processes.js';

/** Resident memory in MB. Linux only; NaN elsewhere and for a process that is gone. */
export function residentMegabytes(pid: number): number {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_000;
  } catch {
    return NaN;
  }
}

/** Open file descriptors; NaN as above. */
export function countDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return NaN;
  }
}

/** The processes below a process whose command line contains a text. */
export function findDescendants(pid: number, command: string): number[] {
  return listChildrenSafely(pid).flatMap((child) => [
    ...(commandOf(child).includes(command) ? [child] : []),
    ...findDescendants(child, command),
  ]);
}

function listChildrenSafely(pid: number): number[] {
  try {
    return listChildren(pid);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Samples a value until `stop`, which returns the largest one. */
export function watchLargest(sample: () => number, everyMs = 50): { readonly stop: () => number } {
  let largest = sample();
  const timer = setInterval(() => (largest = Math.max(largest, sample())), everyMs);
  return {
    stop() {
      clearInterval(timer);
      return largest;
    },
  };
}
