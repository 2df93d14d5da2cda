import { execFile } from 'node:child_process';

import { MAX_MEDIA_WORKER_BYTES, MAX_MEDIA_WORKER_FILE_BYTES } from '../config/limits.js';

const LIMITS = [
  `--data=${MAX_MEDIA_WORKER_BYTES}`,
  `--fsize=${MAX_MEDIA_WORKER_FILE_BYTES}`,
  '--core=0',
];

/**
 * Limits the memory and the files of a process that decodes media, and of those that it starts, with prlimit
 * (util-linux): Node.js cannot set limits. On other systems than Linux only the deadline applies.
 *
 * @returns whether the limits are set.
 */
export function capResources(pid: number): Promise<boolean> {
  return runPrlimit(['--pid', String(pid), ...LIMITS]);
}

/** Whether `capResources` can set limits on this system. */
export async function canCapResources(): Promise<boolean> {
  return await runPrlimit(['--version']);
}

/** The reason and the remedy where media are decoded without limits. */
export const UNCAPPED_WARNING =
  'Media decoders run without limits of memory and file size: prlimit is not on the PATH. Install util-linux (Alpine: `apk add util-linux-misc`).';

function runPrlimit(args: readonly string[]): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false);
  return new Promise((resolve) => execFile('prlimit', args, (error) => resolve(error === null)));
}
