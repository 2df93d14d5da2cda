import { MAX_VIDEO_BYTES } from '../../config/limits.js';
import { MEDIA_HEAD_BYTES } from '../../media/video-formats.js';
import { accessError } from './access-errors.js';
import { escapeFileName, unescapeFileName } from './file-names.js';
import {
  type FileSkipCode,
  isHiddenName,
  judgeFileName,
  type Refusal,
  refuseHead,
  SKIP_REASONS,
} from './media-names.js';
import type { ListedEntry, ListOptions, SourceEntry, ZipSpec } from './source.js';
import { fileVersion, rowAfter, rowCursor } from './text-file.js';
import { type ArchiveEntry, readEntries, readEntryData } from './zip-archive.js';

const [STORED, DEFLATED] = [0, 8];

/**
 * Lists the images and videos in a ZIP archive in the order of its central directory, which is read twice: first for
 * the summaries of hidden files and sidecars. Archives inside the archive are not opened.
 *
 * @throws NOT_FOUND, FORBIDDEN, STORAGE_UNAVAILABLE; INVALID_REQUEST for a file that is no ZIP archive or has changed
 *   since the cursor; the signal's reason
 */
export async function* listZip(
  { path }: ZipSpec,
  { after, signal }: ListOptions,
): AsyncGenerator<ListedEntry> {
  const version = await fileVersion(unescapeFileName(path)).catch((cause: unknown) => {
    throw accessError(cause);
  });
  const archive = { version };
  const last = rowAfter(after, archive);
  let row = 0;
  for (const [code, count] of await countByName(path)) {
    row += 1;
    const skipped = { entry: '.', code, reason: SKIP_REASONS[code], count };
    if (row > last) yield { skipped, cursor: rowCursor(archive, row) };
  }
  for await (const entry of readEntries(path)) {
    signal?.throwIfAborted();
    row += 1;
    if (row <= last || entry.kind === 'folder' || judgeName(entry) !== null) continue;
    yield { ...(await toSourceEntry(path, entry)), cursor: rowCursor(archive, row) };
  }
}

/** Entries that are left out by their names, by reason in a fixed order. */
async function countByName(path: string): Promise<[FileSkipCode, number][]> {
  const counts = new Map<FileSkipCode, number>();
  for await (const entry of readEntries(path)) {
    const code = entry.kind === 'folder' ? null : judgeName(entry);
    if (code !== null) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
}

function judgeName({ name, kind, isSafe }: ArchiveEntry): FileSkipCode | null {
  if (!isSafe) return null;
  const names = name.split('/');
  if (names.some(isHiddenName)) return 'HIDDEN';
  if (kind === 'link') return 'SYMLINK';
  const judgement = judgeFileName(names.at(-1) ?? '');
  return judgement === 'media' || judgement === 'unknown' ? null : judgement;
}

async function toSourceEntry(path: string, entry: ArchiveEntry): Promise<SourceEntry> {
  const { data } = entry;
  const name = escapeFileName(Buffer.from(entry.name));
  const refused = refuse(entry) ?? (await sniff(path, entry));
  if (refused !== null) {
    const [code, reason] = refused;
    return { skipped: { entry: name, code, reason, count: 1 } };
  }
  const location = { kind: 'zip-entry' as const, archive: path, entry: name, data };
  return { item: { identifier: name, location, record: {} } };
}

function refuse({ isSafe, isEncrypted, data }: ArchiveEntry): Refusal | null {
  if (!isSafe) return ['INVALID_NAME', 'The name is empty, absolute or leads out of the archive.'];
  if (isEncrypted) return ['ENCRYPTED', 'The entry is encrypted. Pack it without a password.'];
  if (data.method !== STORED && data.method !== DEFLATED) {
    return [
      'UNSUPPORTED_MEDIA_TYPE',
      `The entry is compressed with method ${data.method}. Pack it with the method deflate.`,
    ];
  }
  if (data.bytes <= MAX_VIDEO_BYTES) return null;
  return ['TOO_LARGE', `The entry has ${data.bytes} bytes, and the limit is ${MAX_VIDEO_BYTES}.`];
}

/** Judges an entry without a usual extension by its first bytes. */
async function sniff(path: string, { name, data }: ArchiveEntry): Promise<Refusal | null> {
  if (judgeFileName(name.slice(name.lastIndexOf('/') + 1)) === 'media') return null;
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of readEntryData(path, data)) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= MEDIA_HEAD_BYTES) break;
    }
  } catch {
    return ['UNREADABLE', 'The entry of the archive is damaged.'];
  }
  return refuseHead(head);
}
