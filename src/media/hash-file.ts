import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Recent hashes by path, size, modification time and inode: a whole-video request hashes its file once per segment. */
const recentHashes = new Map<string, string>();
const MAX_RECENT = 16;

/** The event loop runs between two reads and may start a graph run of many milliseconds, so reads are large. */
const READ_BYTES = 8 << 20;

/** SHA-256 in lower-case hex. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * SHA-256 of a regular file in lower-case hex, streamed, since a video may be larger than memory.
 *
 * @throws file system errors; Error for a device or folder; the signal's AbortError.
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error(`${path} is not a regular file.`);
  const { size, mtimeMs, ino } = status;
  const version = [path, size, mtimeMs, ino].join();
  const known = recentHashes.get(version);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash, { signal });
  const sha256 = hash.digest('hex');
  for (const oldest of recentHashes.keys()) {
    if (recentHashes.size >= MAX_RECENT) recentHashes.delete(oldest);
  }
  recentHashes.set(version, sha256);
  return sha256;
}
