import { type FileHandle, open } from 'node:fs/promises';

/** Rows of floats, written one after another. */
export interface TraceWriter {
  write(values: Float32Array): Promise<void>;
  close(): Promise<void>;
}

/** The same rows in the same order. */
export interface TraceReader {
  /** @throws RangeError past the end. */
  read(length: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * What one model computed, kept on disk until another is compared with it: the scores of a large vocabulary take hundreds of
 * megabytes, and the memory is the second model's.
 *
 * @param path must not exist yet.
 */
export async function createTrace(path: string): Promise<TraceWriter> {
  const file = await open(path, 'wx');
  return {
    async write(values) {
      await file.writeFile(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    },
    close: () => file.close(),
  };
}

export async function openTrace(path: string): Promise<TraceReader> {
  const file = await open(path, 'r');
  return {
    read: (length) => readFloats(file, length),
    close: () => file.close(),
  };
}

async function readFloats(file: FileHandle, length: number): Promise<Float32Array> {
  const bytes = new Uint8Array(length * Float32Array.BYTES_PER_ELEMENT);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled);
    if (bytesRead === 0) throw new RangeError('The trace has no more values.');
    filled += bytesRead;
  }
  return new Float32Array(bytes.buffer);
}
