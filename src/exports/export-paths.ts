import { createHash } from 'node:crypto';
import { dirname, posix, relative, sep } from 'node:path';

import type { JobSource } from '../jobs/sources/source.js';
import type { ReviewedItem } from '../review/reviewed-items.js';

/** Bytes of a part of a path: file systems allow 255, and a suffix follows. */
const MAX_PART_BYTES = 200;
/** Characters that Windows does not allow in names, and control characters. */
const FORBIDDEN = /[<>:"|?*\\\p{Cc}\p{Bidi_Control}]/gu;

/**
 * The relative path under which files about an item are exported: that of its file in a folder or archive, else one
 * derived from its URL. Different items have different paths.
 */
export function exportPath(
  { identifier, location }: Pick<ReviewedItem, 'identifier' | 'location'>,
  source: JobSource,
): string {
  switch (location.kind) {
    case 'file': {
      const path = pathInSource(location.path, source);
      return path === null ? safePath(posix.basename(location.path), identifier) : safePath(path);
    }
    case 'zip-entry':
      return safePath(location.entry);
    case 'url':
      return pathOfUrl(location.url, identifier);
    case 'upload':
      return safePath(identifier);
    case 'iiif-image':
    case 'batch-line':
      return pathOfUrl(identifier, identifier);
  }
}

/** Relative to the folder, or to the folder of a table or list; `null` for a file elsewhere. */
export function pathInSource(path: string, source: JobSource): string | null {
  if (!('path' in source)) return null;
  const base = source.kind === 'folder' ? source.path : dirname(source.path);
  const inside = relative(base, path).split(sep).join('/');
  return inside === '' || inside.startsWith('../') || inside === '..' ? null : inside;
}

function pathOfUrl(text: string, identifier: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) return safePath(text, identifier);
  return safePath(`${url.host}${decodePath(url.pathname)}`, identifier);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * A relative path that every system can store below a folder, and no part of which leads out of it. One that had to be
 * changed gets a hash, so that two items do not get the same one.
 *
 * @param unique text that tells the item from others, if the path does not; the path then always gets a hash.
 */
export function safePath(path: string, unique?: string): string {
  const parts = path
    .split('/')
    .map(safePart)
    .filter((part) => part !== '');
  const safe = parts.join('/');
  if (safe === path && unique === undefined) return safe;
  const hash = createHash('sha256')
    .update(unique ?? path)
    .digest('hex')
    .slice(0, 8);
  const { dir, name, ext } = posix.parse(safe);
  return posix.join(dir, `${name === '' ? 'item' : name}-${hash}${ext}`);
}

function safePart(part: string): string {
  const plain = part.replace(FORBIDDEN, '_').replace(/[. ]+$/, '');
  const bytes = Buffer.from(plain);
  if (bytes.length <= MAX_PART_BYTES) return plain;
  const extension = posix.extname(plain).slice(0, 20);
  // A character that was cut becomes U+FFFD.
  const start = bytes.subarray(0, MAX_PART_BYTES - Buffer.byteLength(extension));
  return start.toString('utf8').replace(/\ufffd+$/, '') + extension;
}
