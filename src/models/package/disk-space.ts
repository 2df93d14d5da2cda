import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { SalamandraError } from '../../errors/salamandra-error.js';

/** A folder and its final size, of which a part may exist already. */
export interface PlannedFolder {
  readonly directory: string;
  readonly bytes: number;
}

/** 256 MiB stay free: file systems get slow when they are full. */
const SPARE_BYTES = 256 << 20;

/**
 * Checks that the folders fit on the disk.
 *
 * @param parent a folder on their file system, which may not exist yet.
 * @throws STORAGE_FULL with the needed and the free space in its details.
 */
export async function checkDiskSpace(
  parent: string,
  folders: readonly PlannedFolder[],
): Promise<void> {
  let missing = SPARE_BYTES;
  for (const { directory, bytes } of folders) {
    missing += Math.max(0, bytes - (await allocatedBytes(directory)));
  }
  const { bavail, bsize } = await statfs(await existingFolder(resolve(parent)));
  const free = bavail * bsize;
  if (missing <= free) return;
  throw new SalamandraError(
    'STORAGE_FULL',
    'Not enough free disk space for the model. Delete files, or use a folder on another disk: SALAMANDRA_HOME for `pull`, --out for `convert`.',
    { details: { needed: toGigabytes(missing), free: toGigabytes(free) } },
  );
}

/** The folder, or its nearest ancestor that exists. */
async function existingFolder(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  const parent = dirname(path);
  return exists || parent === path ? path : existingFolder(parent);
}

/** Allocated bytes: preallocated (sparse) files occupy less than their length. */
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
const NOT_WRITABLE: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Translates file system errors (disk full, no permission) for the user. Returns other errors unchanged. */
export function explainDiskError(error: unknown): unknown {
  if (error instanceof SalamandraError) return error;
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (FULL.has(code)) {
    return new SalamandraError(
      'STORAGE_FULL',
      'The disk is full. Delete files and run the same command again: it resumes the download.',
      { cause: error },
    );
  }
  if (NOT_WRITABLE.has(code)) {
    return new SalamandraError(
      'INVALID_PARAMETER',
      'The home folder is not writable. Change its permissions, or set SALAMANDRA_HOME to another folder.',
      { cause: error },
    );
  }
  return error;
}
