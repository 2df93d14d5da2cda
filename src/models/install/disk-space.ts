import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** A folder that is going to hold so many bytes, some of which may be there. */
export interface PlannedFolder {
  readonly directory: string;
  readonly bytes: number;
}

/** Room that is left to everybody else; file systems grow slow when they are full. */
const SPARE_BYTES = 256 << 20;

/**
 * @param folders on the file system of `home`.
 * @throws STORAGE_FULL saying what is needed and what is free.
 */
export async function checkDiskSpace(
  home: string,
  folders: readonly PlannedFolder[],
): Promise<void> {
  let missing = SPARE_BYTES;
  for (const { directory, bytes } of folders) {
    missing += Math.max(0, bytes - (await allocatedBytes(directory)));
  }
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  if (missing <= free) return;
  throw new SalamandraError(
    'STORAGE_FULL',
    'The disk has too little room for the model. Free some, or name a folder on another disk in SALAMANDRA_HOME.',
    { details: { needed: toGigabytes(missing), free: toGigabytes(free) } },
  );
}

/** What a folder takes of the disk; files with holes take less than their length. */
async function allocatedBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(
    () => [],
  );
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const { blocks } = await stat(join(entry.parentPath, entry.name));
    bytes += blocks * 512;
  }
  return bytes;
}

function toGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const REFUSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A file system's refusal in words for the user; every other error as it is. */
export function explainDiskError(error: unknown): unknown {
  if (error instanceof SalamandraError) return error;
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (FULL.has(code)) {
    return new SalamandraError(
      'STORAGE_FULL',
      'The disk is full. Free some room and run the same command again; it goes on where it stopped.',
      { cause: error },
    );
  }
  if (REFUSED.has(code)) {
    return new SalamandraError(
      'INVALID_PARAMETER',
      'The home folder cannot be written; SALAMANDRA_HOME names another.',
      { cause: error },
    );
  }
  return error;
}
