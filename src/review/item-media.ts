import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';

import { SalamandraError } from '../errors/salamandra-error.js';
import type { ItemRow } from '../jobs/database/tables.js';
import type { Job } from '../jobs/jobs.js';
import { unescapeFileName } from '../jobs/sources/file-names.js';
import type { ItemLocation, JobSource, MediaLocation } from '../jobs/sources/source.js';
import { matchImageFormat } from '../media/image-formats.js';
import { sniffMediaKind } from '../media/sniff-media.js';
import type { MediaKind } from '../media/signatures.js';
import { matchVideoContainer, MEDIA_HEAD_BYTES } from '../media/video-formats.js';

/** Whether the file of an item is the one that was captioned. `unknown`: it is no file, or was not captioned yet. */
export type FileState = 'same' | 'changed' | 'missing' | 'unknown';

export async function fileStateOf(
  item: Pick<ItemRow, 'location' | 'size' | 'modified_at' | 'state'>,
): Promise<FileState> {
  const location = JSON.parse(item.location) as ItemLocation;
  if (location.kind !== 'file') return 'unknown';
  const status = await stat(unescapeFileName(location.path)).catch(() => undefined);
  if (!status) return 'missing';
  if (item.modified_at === 0) return 'unknown';
  const isSame = status.size === item.size && Math.round(status.mtimeMs) === item.modified_at;
  return isSame ? 'same' : 'changed';
}

/**
 * Where the bytes of an item are. A file of a folder must still be in it, even if a link leads elsewhere since it was
 * listed.
 *
 * @throws UNSUPPORTED_FEATURE for the line of a batch.
 */
export function mediaLocation(item: Pick<ItemRow, 'location'>, job: Job): MediaLocation {
  const location = JSON.parse(item.location) as ItemLocation;
  if (location.kind === 'batch-line') {
    throw new SalamandraError('UNSUPPORTED_FEATURE', 'The lines of a batch have no picture.');
  }
  if (location.kind !== 'file' || location.roots !== undefined) return location;
  const roots = confinementOf(job.source);
  return roots === undefined ? location : { ...location, roots };
}

function confinementOf(source: JobSource): readonly string[] | undefined {
  return source.kind === 'folder' && source.symlinks !== 'follow' ? [source.path] : undefined;
}

/** Names the content of an item: of its bytes once they were captioned, and of the file as it is now. */
export async function contentTag(item: ItemRow, variant: string): Promise<string> {
  const location = JSON.parse(item.location) as ItemLocation;
  const status =
    location.kind === 'file'
      ? await stat(unescapeFileName(location.path)).catch(() => undefined)
      : undefined;
  const version = status ? [status.size, Math.round(status.mtimeMs)] : [item.sha256];
  const text = JSON.stringify([location, version, variant]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** What a browser shows, by the first bytes of the file. */
const IMAGE_TYPES: Readonly<Partial<Record<string, string>>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
};
const VIDEO_TYPES: Readonly<Partial<Record<string, string>>> = {
  mov: 'video/mp4',
  matroska: 'video/webm',
  ogg: 'video/ogg',
};

/**
 * Kind of a file by its first bytes, and the media type with which a browser shows it; undefined if browsers do not.
 *
 * @throws UNSUPPORTED_MEDIA_TYPE for a file that is neither an image nor a video.
 */
export async function identifyMedia(
  path: string,
): Promise<{ readonly kind: MediaKind; readonly type: string | undefined }> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MEDIA_HEAD_BYTES), 0);
    const head = buffer.subarray(0, bytesRead);
    const kind = sniffMediaKind(head);
    if (kind === null) {
      throw new SalamandraError(
        'UNSUPPORTED_MEDIA_TYPE',
        'The file is neither an image nor a video any more.',
      );
    }
    const type =
      kind === 'image'
        ? IMAGE_TYPES[matchImageFormat(head) ?? '']
        : VIDEO_TYPES[matchVideoContainer(head) ?? ''];
    return { kind, type };
  } finally {
    await file.close();
  }
}
