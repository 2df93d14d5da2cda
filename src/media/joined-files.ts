import { open } from 'node:fs/promises';

import { MAX_JOIN_SCAN_MS } from '../config/limits.js';
import type { VideoContainer } from './video-formats.js';

/** Bytes of a file, the end exclusive. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The start of a file of a container, and a pattern that tells it from the same bytes in the middle of a file. */
interface FileHeader {
  readonly signature: Buffer;
  /** Matched against the HEADER_BYTES from the signature on, as Latin-1. */
  readonly pattern: RegExp;
}

const HEADER_BYTES = 64;

/**
 * Containers whose demuxers end, or skip parts, where a second file begins. Files of program and transport streams can
 * be joined too, but are demuxed to their end.
 */
const FILE_HEADERS: Partial<Record<VideoContainer, FileHeader>> = {
  matroska: {
    signature: Buffer.from([0x1a, 0x45, 0xdf, 0xa3]),
    // The element DocType.
    pattern: /B\x82[^ -~](?:matroska|webm)/s,
  },
  flv: { signature: Buffer.from('FLV'), pattern: /^FLV[^ -~][^ -~]\0\0\0\t\0\0\0\0/s },
  avi: { signature: Buffer.from('RIFF'), pattern: /^RIFF.{4}AVI LIST.{4}hdrl/s },
};

const CHUNK_BYTES = 8_000_000;

/**
 * The files that were joined byte by byte into one, such as the pieces of an interrupted recording. A file that is not
 * joined is one range. Ends after MAX_JOIN_SCAN_MS: the last range is then the rest of the file.
 */
export async function findJoinedFiles(
  path: string,
  container: VideoContainer,
  size: number,
): Promise<readonly ByteRange[]> {
  const header = FILE_HEADERS[container];
  const starts = header ? await findHeaders(path, header) : [];
  const later = starts.filter((start) => start > 0);
  return [0, ...later].map((start, i) => ({ start, end: later[i] ?? size }));
}

async function findHeaders(path: string, { signature, pattern }: FileHeader): Promise<number[]> {
  const endMs = performance.now() + MAX_JOIN_SCAN_MS;
  const found: number[] = [];
  const handle = await open(path);
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let from = 0; performance.now() < endMs; from += CHUNK_BYTES - HEADER_BYTES) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, from);
      const chunk = buffer.subarray(0, bytesRead);
      const isLast = bytesRead < CHUNK_BYTES;
      // A header in the last bytes of a chunk is whole in the next one.
      const end = isLast ? bytesRead : bytesRead - HEADER_BYTES;
      for (let at = chunk.indexOf(signature); at !== -1; at = chunk.indexOf(signature, at + 1)) {
        if (at >= end) break;
        if (pattern.test(chunk.toString('latin1', at, at + HEADER_BYTES))) found.push(from + at);
      }
      if (isLast) break;
    }
  } finally {
    await handle.close();
  }
  return found;
}
