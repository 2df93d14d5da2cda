import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { escapeFileName } from './file-names.js';
import type { MediaLocation } from './source.js';

/**
 * What a record or a line names: a URL, or the path of a file. Backslashes of a relative path separate folders, because
 * tables are often written on Windows.
 *
 * @param folder that relative paths start from, absolute and escaped.
 * @returns `null` for an empty text, one with a zero byte, and a `file:` URL that is not valid.
 */
export function itemLocation(text: string, folder: string): MediaLocation | null {
  if (text === '' || text.includes('\0')) return null;
  if (/^https?:\/\//i.test(text)) return { kind: 'url', url: text };
  const path = /^file:/i.test(text) ? fromFileUrl(text) : fromPlatform(text);
  return path === null ? null : { kind: 'file', path: resolve(folder, escapePath(path)) };
}

function fromFileUrl(url: string): string | null {
  try {
    return fileURLToPath(url);
  } catch {
    return null;
  }
}

function fromPlatform(path: string): string {
  return path.includes('/') ? path : path.replaceAll('\\', '/');
}

function escapePath(path: string): string {
  return escapeFileName(Buffer.from(path));
}
