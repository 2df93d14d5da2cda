import { MAX_MEMORY_IMAGE_BYTES } from '../config/limits.js';
import type { EncodedFile } from './byte-source.js';

/**
 * Receives an image file: up to MAX_MEMORY_IMAGE_BYTES in memory, a larger one on disk.
 *
 * @param store writes a stream to a new file and returns its path.
 * @throws the errors of the stream and of `store`.
 */
export async function receiveImage(
  stream: AsyncIterable<Uint8Array>,
  store: (stream: AsyncIterable<Uint8Array>) => Promise<string>,
): Promise<EncodedFile> {
  const chunks = stream[Symbol.asyncIterator]();
  const received: Uint8Array[] = [];
  for (let bytes = 0; bytes <= MAX_MEMORY_IMAGE_BYTES;) {
    const next = await chunks.next();
    if (next.done) return { bytes: Buffer.concat(received) };
    received.push(next.value);
    bytes += next.value.length;
  }
  return { path: await store(resume(received, chunks)) };
}

async function* resume(
  received: readonly Uint8Array[],
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* received;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}
