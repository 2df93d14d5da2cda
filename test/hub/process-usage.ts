import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Resource usage of a process. */
export interface Usage {
  /** Peak resident memory in bytes. */
  readonly peakBytes: number;
  /** Bytes read from files and sockets. */
  readonly readBytes: number;
}

const BLOCK_BYTES = 512;

/** Reads the usage of a process from /proc. Undefined if the process has ended. */
export function readUsage(pid: number): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const io = readFileSync(`/proc/${pid}/io`, 'utf8');
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status);
    const read = /^rchar: (\d+)$/m.exec(io);
    if (!peak || !read) return undefined;
    return { peakBytes: Number(peak[1]) * 1024, readBytes: Number(read[1]) };
  } catch {
    return undefined;
  }
}

/** Allocated bytes of a folder. Holes of sparse files do not count. */
export function diskBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    if (file?.isFile()) bytes += file.blocks * BLOCK_BYTES;
  }
  return bytes;
}
