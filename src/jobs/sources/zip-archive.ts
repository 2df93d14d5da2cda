import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';

import { Entry, fromFdPromise, getFileNameLowLevel, validateFileName, type ZipFile } from 'yauzl';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { accessError } from './access-errors.js';
import { unescapeFileName } from './file-names.js';
import type { EntryData } from './source.js';

export interface ArchiveEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Whether the name is relative and does not lead out of the archive. */
  readonly isSafe: boolean;
  readonly isEncrypted: boolean;
  readonly data: EntryData;
}

const UTF8_FLAG = 0x800;
const UNIX = 3;
const [FILE_TYPE, LINK] = [0xf000, 0xa000];

/**
 * The entries of the central directory of a ZIP archive, with or without Zip64, in its order.
 *
 * @param path with the escapes of `escapeFileName`.
 * @throws NOT_FOUND, FORBIDDEN, STORAGE_UNAVAILABLE; INVALID_REQUEST for a file that is no ZIP archive
 */
export async function* readEntries(path: string): AsyncGenerator<ArchiveEntry> {
  const archive = await openArchive(path);
  // An entry with a wrong size must not end the list. It fails when it is read.
  archive.validateEntrySizes = false;
  try {
    for await (const entry of archive.eachEntry()) yield toArchiveEntry(entry);
  } catch (cause) {
    throw notZip(cause);
  } finally {
    archive.close();
  }
}

/**
 * The data of an entry, decompressed: at most `data.bytes`.
 *
 * @throws as `readEntries`; MEDIA_CORRUPT for damaged data, or if the archive has changed
 */
export async function* readEntryData(path: string, data: EntryData): AsyncGenerator<Uint8Array> {
  const archive = await openArchive(path);
  const entry = Object.assign(new Entry(), {
    relativeOffsetOfLocalHeader: data.header,
    compressedSize: data.compressedBytes,
    uncompressedSize: data.bytes,
    compressionMethod: data.method,
    generalPurposeBitFlag: 0,
  });
  let checksum = 0;
  try {
    const stream = await archive.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (cause) {
    throw damagedEntry(cause);
  } finally {
    archive.close();
  }
  if (checksum !== data.crc32) throw damagedEntry();
}

function damagedEntry(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_CORRUPT',
    'The entry of the archive is damaged, or the archive has changed since the job was created.',
    { cause },
  );
}

async function openArchive(path: string): Promise<ZipFile> {
  const fd = openRegular(path);
  try {
    // Names are decoded and checked below: one that is not safe must not end the list.
    return await fromFdPromise(fd, { autoClose: false, decodeStrings: false });
  } catch (cause) {
    closeSync(fd);
    throw notZip(cause);
  }
}

function openRegular(path: string): number {
  try {
    const name = unescapeFileName(path);
    if (statSync(name).isFile()) return openSync(name, 'r');
  } catch (error) {
    throw accessError(error);
  }
  throw notZip();
}

function toArchiveEntry(entry: Entry): ArchiveEntry {
  const name = decodeName(entry);
  return {
    name,
    kind: name.endsWith('/') ? 'folder' : isLink(entry) ? 'link' : 'file',
    isSafe: validateFileName(name) === null && !name.includes('\0') && name !== '',
    isEncrypted: entry.isEncrypted(),
    data: {
      header: entry.relativeOffsetOfLocalHeader,
      compressedBytes: entry.compressedSize,
      bytes: entry.uncompressedSize,
      method: entry.compressionMethod,
      crc32: entry.crc32,
    },
  };
}

/** Many programs write UTF-8 without saying so. Names that are not UTF-8 are CP437, as the format says. */
function decodeName({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string {
  const flags = isUtf8(fileNameRaw) ? generalPurposeBitFlag | UTF8_FLAG : generalPurposeBitFlag;
  return getFileNameLowLevel(flags, fileNameRaw, extraFields, false);
}

function isLink({ versionMadeBy, externalFileAttributes }: Entry): boolean {
  return versionMadeBy >>> 8 === UNIX && ((externalFileAttributes >>> 16) & FILE_TYPE) === LINK;
}

function notZip(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The file is not a ZIP archive, or its central directory is damaged or encrypted. Pack it again.',
    { cause },
  );
}
