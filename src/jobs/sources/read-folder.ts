import { type BigIntStats, constants, type Dirent } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';

import { MEDIA_HEAD_BYTES } from '../../media/video-formats.js';

/**
 * A name as Latin-1, which keeps each byte, sorts by bytes and takes one byte per character. Folders, links and special
 * files carry a mark behind a zero byte, which never occurs in a name and sorts first.
 */
export type MarkedName = string;

export type EntryKind = 'file' | 'folder' | 'link' | 'special';

const MARKS = { folder: '\0d', link: '\0l', special: '\0s' } as const;

/**
 * The names in a folder in the order of their bytes: some 80 bytes of memory each. The folder is read in pieces, whose
 * objects are garbage at once.
 *
 * @throws errors of the operating system
 */
export async function readFolder(
  path: Buffer,
): Promise<{ names: MarkedName[]; status: BigIntStats }> {
  const status = await stat(path, { bigint: true });
  const folder = await opendir(path, { encoding: 'buffer' as BufferEncoding, bufferSize: 1_024 });
  const names: MarkedName[] = [];
  for await (const entry of folder as unknown as AsyncIterable<Dirent<Buffer>>) {
    names.push(markName(entry));
  }
  return { names: names.sort(), status };
}

function markName(entry: Dirent<Buffer>): MarkedName {
  const name = entry.name.toString('latin1');
  if (entry.isFile()) return name;
  if (entry.isDirectory()) return name + MARKS.folder;
  return name + (entry.isSymbolicLink() ? MARKS.link : MARKS.special);
}

export function nameOf(marked: MarkedName): string {
  const end = marked.indexOf('\0');
  return end === -1 ? marked : marked.slice(0, end);
}

export function kindOf(marked: MarkedName): EntryKind {
  if (marked.endsWith(MARKS.folder)) return 'folder';
  if (marked.endsWith(MARKS.link)) return 'link';
  return marked.endsWith(MARKS.special) ? 'special' : 'file';
}

/**
 * The first bytes of a regular file; none of anything else.
 *
 * @throws errors of the operating system
 */
export async function readFileHead(path: Buffer): Promise<Uint8Array> {
  // The file may have been replaced by a named pipe, and opening that would wait for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return new Uint8Array();
    const head = Buffer.alloc(MEDIA_HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
