import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Random access to the bytes of a file in memory or on disk. */
export interface ByteSource {
  /** Bytes of the file. */
  readonly length: number;
  /** The bytes from `offset`; fewer than `length` at the end of the file. */
  read(offset: number, length: number): Uint8Array;
}

/** An encoded image or video: its bytes, or the path of a regular file. Untrusted content. */
export type EncodedFile = { readonly bytes: Uint8Array } | { readonly path: string };

/** A source that reads a buffer without copying. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Passes a source of the file to `use`, and closes it afterwards. */
export async function withSource<T>(
  encoded: EncodedFile,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  return 'bytes' in encoded ? use(memorySource(encoded.bytes)) : withFileSource(encoded.path, use);
}

async function withFileSource<T>(
  path: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const file = openSync(path, 'r');
  try {
    const length = fstatSync(file).size;
    return await use({
      length,
      read(offset, wanted) {
        const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(wanted, length - offset)));
        let filled = 0;
        while (filled < bytes.length) {
          const read = readSync(file, bytes, filled, bytes.length - filled, offset + filled);
          if (read === 0) break;
          filled += read;
        }
        return bytes.subarray(0, filled);
      },
    });
  } finally {
    closeSync(file);
  }
}
