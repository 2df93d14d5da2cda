import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/**
 * SHA-256 by path, size, modification time and inode. A video is sampled once per segment: hashing it each time would
 * dominate.
 */
const cache = new Map<string, string>();
const MAX_CACHED_HASHES = 16;

/**
 * Bytes per read. An inference run may block the event loop between two reads, so small reads would wait for a run
 * each.
 */
const READ_BYTES = 8 << 20;

/**
 * SHA-256 of a file in lower-case hex. Streams the file, because a video may be larger than memory.
 *
 * @throws Error if the path is not a regular file (a device has no end), file system errors, and the signal's
 *   AbortError
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error('Not a regular file.');
  const { size, mtimeMs, ino } = status;
  const key = [path, size, mtimeMs, ino].join();
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash, { signal });
  const sha256 = hash.digest('hex');
  for (const oldest of cache.keys()) if (cache.size >= MAX_CACHED_HASHES) cache.delete(oldest);
  cache.set(key, sha256);
  return sha256;
}
