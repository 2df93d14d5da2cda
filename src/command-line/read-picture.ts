import { open } from 'node:fs/promises';

import { MAX_UPLOAD_BYTES } from '../config/limits.js';
import { SalamandraError } from '../errors/salamandra-error.js';

/** Reads a file that a user named. @throws NOT_FOUND, INVALID_REQUEST for a folder, MEDIA_TOO_LARGE */
export async function readPicture(path: string): Promise<Uint8Array> {
  const file = await open(path).catch((cause: unknown) => {
    throw new SalamandraError('NOT_FOUND', 'The file cannot be read.', { cause });
  });
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) throw new SalamandraError('INVALID_REQUEST', 'This is a folder.');
    if (stat.size > MAX_UPLOAD_BYTES) {
      throw new SalamandraError('MEDIA_TOO_LARGE', 'The file is too large.', {
        details: { bytes: stat.size, max_bytes: MAX_UPLOAD_BYTES },
      });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}
