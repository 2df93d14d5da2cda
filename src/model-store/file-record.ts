import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { invalidModel } from './invalid-model.js';
import type { FileRecord } from './manifest.js';

const READ_BYTES = 1 << 20;

/** Whether a symbolic link may stand for the file; a Hugging Face cache is made of them. */
export type LinkRule = 'follow' | 'refuse';

/**
 * Reads a file once and says how long it is and what it hashes to.
 *
 * @throws MODEL_INVALID when it is no regular file, or a link where links are refused.
 */
export async function recordFile(path: string, links: LinkRule): Promise<FileRecord> {
  // Without O_NONBLOCK a FIFO put in a file's place would hang the service.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(path, links === 'refuse' ? flags | constants.O_NOFOLLOW : flags).catch(
    (cause: unknown) => {
      throw invalidModel('one of its files cannot be opened', cause);
    },
  );
  try {
    if (!(await handle.stat()).isFile()) throw invalidModel('one of its files is not a file');
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest('hex') };
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
