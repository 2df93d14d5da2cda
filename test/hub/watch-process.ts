import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process took so far. */
export interface Usage {
  /** The most memory it held, in bytes. */
  readonly peakBytes: number;
  /** Bytes it asked the system to read, from files and connections alike. */
  readonly readBytes: number;
}

const BLOCK_BYTES = 512;

/** Reads what Linux counts for a process; `undefined` once it is gone. */
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

/** What a folder takes of the disk: files with holes count as what is written of them. */
export function diskBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    if (file?.isFile()) bytes += file.blocks * BLOCK_BYTES;
  }
  return bytes;
}
