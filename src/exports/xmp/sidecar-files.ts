import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { accessError } from '../../jobs/sources/access-errors.js';
import { escapeFileName, unescapeFileName } from '../../jobs/sources/file-names.js';
import { judgeFileName } from '../../jobs/sources/media-names.js';
import { assertBelowRoots } from '../../jobs/sources/roots.js';
import type { MediaLocation } from '../../jobs/sources/source.js';
import type { SidecarName } from '../export-format.js';
import { joinPath, replaceFile } from '../replace-file.js';

/** Bytes of a sidecar: those of editors with thousands of steps have 2 MB. The parser takes it as a whole. */
const MAX_SIDECAR_BYTES = 16_000_000;

/** The sidecar of a file. Names are bytes, because they need not be UTF-8. */
export interface SidecarPlace {
  readonly folder: Buffer;
  readonly name: Buffer;
  readonly existing: SidecarFile | null;
  /** Whether the name is that of the picture without its extension. */
  readonly isShort: boolean;
}

export interface SidecarFile {
  readonly text: string;
  /** To see that another program wrote it meanwhile. */
  readonly version: string;
}

type FileLocation = Extract<MediaLocation, { kind: 'file' }>;

/** Finds sidecars. Keeps the names of the last folder, because items of a folder follow each other. */
export class SidecarFinder {
  private folder = '';
  private counts = new Map<string, number>();

  constructor(private readonly style: SidecarName) {}

  /**
   * The sidecar that is updated: one that exists, else one with the name that was asked for.
   *
   * @throws INVALID_REQUEST if two files would share the sidecar, or if it is no UTF-8; FORBIDDEN outside the roots;
   *   NOT_FOUND, STORAGE_UNAVAILABLE
   */
  async find({ path, roots }: FileLocation): Promise<SidecarPlace> {
    const slash = path.lastIndexOf('/');
    const folderPath = path.slice(0, slash) || '/';
    const confined = roots === undefined ? folderPath : await assertBelowRoots(folderPath, roots);
    const folder = unescapeFileName(confined);
    const file = unescapeFileName(path.slice(slash + 1));
    const long = place(folder, appendExtension(file), false);
    const short = place(folder, appendExtension(stemOf(file)), true);
    const ofLong = await readSidecar(joinPath(folder, long.name));
    if (ofLong !== null) return { ...long, existing: ofLong };
    const isShared = (await this.countOf(folder, file)) > 1;
    const ofShort = isShared ? null : await readSidecar(joinPath(folder, short.name));
    if (ofShort !== null) return { ...short, existing: ofShort };
    if (this.style === 'photo.jpg.xmp') return long;
    if (isShared) throw sharedSidecar();
    return short;
  }

  /** Images and videos of a folder with the same name but for the extension. */
  private async countOf(folder: Buffer, file: Buffer): Promise<number> {
    const key = folder.toString('latin1');
    if (this.folder !== key || this.counts.size === 0) {
      const names = await readdir(folder, { encoding: 'buffer' }).catch((cause: unknown) => {
        throw accessError(cause);
      });
      this.folder = key;
      this.counts = new Map();
      for (const name of names) {
        // Raw formats are not read here, but their sidecars are named in the same way.
        const judged = judgeFileName(escapeFileName(name));
        if (judged !== 'media' && judged !== 'unknown') continue;
        const stem = stemKey(name);
        this.counts.set(stem, (this.counts.get(stem) ?? 0) + 1);
      }
    }
    return this.counts.get(stemKey(file)) ?? 0;
  }
}

function place(folder: Buffer, name: Buffer, isShort: boolean): SidecarPlace {
  return { folder, name, existing: null, isShort };
}

function stemOf(file: Buffer): Buffer {
  const dot = file.lastIndexOf('.');
  return dot > 0 ? file.subarray(0, dot) : file;
}

function stemKey(file: Buffer): string {
  return stemOf(file).toString('latin1').toLowerCase();
}

function appendExtension(name: Buffer): Buffer {
  return Buffer.concat([name, Buffer.from('.xmp')]);
}

/**
 * Reads a sidecar. Symbolic links are not followed.
 *
 * @returns `null` if there is none.
 * @throws INVALID_REQUEST for what is no regular file, too long or no UTF-8; the errors of `accessError`
 */
export async function readSidecar(path: Buffer | string): Promise<SidecarFile | null> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      if ((cause as NodeJS.ErrnoException).code === 'ELOOP') throw unreadable('is a symbolic link');
      throw accessError(cause);
    },
  );
  if (!handle) return null;
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw unreadable('is not a regular file');
    if (status.size > MAX_SIDECAR_BYTES) {
      throw unreadable(`has ${status.size} bytes, and the limit is ${MAX_SIDECAR_BYTES}`);
    }
    const bytes = await handle.readFile();
    return { text: decode(bytes), version: await versionOf(handle) };
  } finally {
    await handle.close();
  }
}

async function versionOf(handle: FileHandle): Promise<string> {
  const { size, mtimeNs, ino } = await handle.stat({ bigint: true });
  return [size, mtimeNs, ino].join(' ');
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable('is not UTF-8');
  }
}

/**
 * Replaces a sidecar in one step.
 *
 * @throws INVALID_REQUEST if another program wrote it since it was read; the errors of `replaceFile`
 */
export async function replaceSidecar(target: SidecarPlace, text: string): Promise<void> {
  const { folder, name, existing } = target;
  await replaceFile(folder, name, [text], async () => {
    const now = await readSidecar(joinPath(folder, name));
    if (now?.version !== existing?.version) throw changedSidecar();
  });
}

function sharedSidecar(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'Another file of the folder has the same name but for the extension, so that both would share the sidecar. Use the names photo.jpg.xmp.',
  );
}

function changedSidecar(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'Another program changed the sidecar meanwhile. Export it again.',
  );
}

function unreadable(what: string): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    `The existing sidecar ${what}. It stays as it is: mend or remove it, and export again.`,
  );
}
