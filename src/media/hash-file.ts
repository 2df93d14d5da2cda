import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** The last files hashed: a video is sampled once a segment, and reading gigabytes each time would be most of the work. */
const hashed = new Map<string, string>();
const MAX_HASHED = 16;

/** Bytes read in one go. Between two of them a worker may make a run of its model: small ones would take a run each. */
const PIECE_BYTES = 8 << 20;

/**
 * SHA-256 of a file, in hex. Piece by piece: a clip may be larger than memory.
 *
 * @throws what the disk throws, an error for what is no file: a device has no end; and when the signal aborts.
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error('This is no file.');
  const { size, mtimeMs, ino } = status;
  const file = [path, size, mtimeMs, ino].join();
  const known = hashed.get(file);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: PIECE_BYTES }), hash, { signal });
  const sha256 = hash.digest('hex');
  for (const oldest of hashed.keys()) if (hashed.size >= MAX_HASHED) hashed.delete(oldest);
  hashed.set(file, sha256);
  return sha256;
}
