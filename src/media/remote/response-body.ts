import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

import { failedFetch } from './fetch-errors.js';

/** `deflate` is zlib's format (RFC 9110, 8.4.1.2). */
const DECODERS: ReadonlyMap<string, () => NodeJS.ReadWriteStream> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * The bytes of a body, decompressed piece by piece, at the pace of the reader.
 *
 * @param countBytes told of each piece.
 * @throws MEDIA_FETCH_FAILED for an encoding that was not asked for, a damaged body, and a connection that ends early.
 */
export async function* readBody(
  response: IncomingMessage,
  countBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const decoded = decompress(response, response.headers['content-encoding']);
  try {
    for await (const chunk of decoded) {
      const bytes = chunk as unknown as Uint8Array;
      countBytes(bytes.length);
      yield bytes;
    }
  } catch (cause) {
    throw failedFetch(cause);
  }
}

/** A chain of encodings is what bombs are made of, and no media server sends one. */
function decompress(stream: Readable, encoding = 'identity'): NodeJS.ReadableStream {
  if (encoding.toLowerCase() === 'identity') return stream;
  const createDecoder = DECODERS.get(encoding.toLowerCase());
  if (!createDecoder) throw failedFetch();
  const decoder = createDecoder();
  // The reader of the decoder sees every error; both ends go together.
  pipeline(stream, decoder, () => undefined);
  return decoder;
}
