import { writeSync } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../../errors/salamandra-error.js';

/** Writes bytes at an offset. @throws STORAGE_FULL */
export type WriteAt = (bytes: Uint8Array, position: number) => void;

/** Weight files of known size, written at any offset in any order. */
export interface WeightFiles {
  writer(name: string): WriteAt;
  /** fsync of all files. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens or creates the files with their final size. New space is sparse. */
export async function openWeightFiles(
  directory: string,
  sizes: ReadonlyMap<string, number>,
): Promise<WeightFiles> {
  await mkdir(directory, { recursive: true });
  const handles = new Map<string, FileHandle>();
  const close = async (): Promise<void> => {
    for (const handle of handles.values()) await handle.close();
    handles.clear();
  };
  try {
    for (const [name, bytes] of sizes) {
      const handle = await open(
        join(directory, name),
        (await exists(directory, name)) ? 'r+' : 'w+',
      );
      handles.set(name, handle);
      await handle.truncate(bytes);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    writer: (name) => {
      const handle = handles.get(name);
      if (!handle) throw new RangeError(`The weight file ${name} is not open.`);
      return (bytes, position) => {
        writeFully(handle.fd, bytes, position);
      };
    },
    flush: async () => {
      for (const handle of handles.values()) await handle.sync().catch(translate);
    },
    close,
  };
}

/** Whether all files exist with their final size. */
export async function haveExpectedSizes(
  directory: string,
  sizes: ReadonlyMap<string, number>,
): Promise<boolean> {
  for (const [name, bytes] of sizes) {
    const file = await stat(join(directory, name)).catch(() => undefined);
    if (!file?.isFile() || file.size !== bytes) return false;
  }
  return true;
}

function writeFully(descriptor: number, bytes: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
    }
  } catch (error) {
    translate(error);
  }
}

function translate(cause: unknown): never {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    throw new SalamandraError(
      'STORAGE_FULL',
      'The disk is full. Delete files and run the same command again.',
      { cause },
    );
  }
  throw cause;
}

async function exists(directory: string, name: string): Promise<boolean> {
  return (await stat(join(directory, name)).catch(() => undefined)) !== undefined;
}
