import { stat } from 'node:fs/promises';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { accessError } from './access-errors.js';
import { escapeFileName, unescapeFileName } from './file-names.js';
import { createFolderFilter, type FolderFilter } from './folder-filter.js';
import {
  type FileSkipCode,
  isHiddenName,
  judgeFileName,
  refuseHead,
  SKIP_REASONS,
} from './media-names.js';
import {
  type EntryKind,
  kindOf,
  type MarkedName,
  nameOf,
  readFileHead,
  readFolder,
} from './read-folder.js';
import { assertBelowRoots } from './roots.js';
import type {
  Confined,
  FolderSpec,
  ListedEntry,
  ListOptions,
  SkipCode,
  SkippedEntry,
} from './source.js';

/** Symbolic links to folders on the way to a file. Links that lead to each other multiply the paths of each file. */
const MAX_NESTED_LINKS = 4;

/** A folder that is being listed. Paths are Latin-1, below the folder of the source; empty for that folder itself. */
interface OpenFolder {
  readonly path: string;
  /** Symbolic links to folders in the path. */
  readonly links: number;
  /** Device and inode. */
  readonly identity: string;
  readonly names: readonly MarkedName[];
  /** Index of the next name. */
  next: number;
}

/** Where listing goes on: behind the entry `names`, or behind that many summaries of this folder. */
interface Start {
  readonly summaries: number;
  readonly names: readonly string[];
}

const BEGINNING: Start = { summaries: 0, names: [] };

/**
 * Lists the files below a folder: the entries of each folder in the order of their bytes, each subfolder at its place.
 * The names of one folder at a time are in memory, with those of the folders around it.
 *
 * A cursor is `COUNT:PATH`. With count 0 it is the file or unreadable folder at the path; else the COUNTth summary of
 * the folder at the path. Summaries come before the entries of a folder.
 *
 * @throws NOT_FOUND, FORBIDDEN without a readable folder; STORAGE_UNAVAILABLE if the drive fails; INVALID_PARAMETER for
 *   a pattern or cursor; the signal's reason
 */
export async function* listFolder(
  spec: FolderSpec & Confined,
  { after, signal }: ListOptions,
): AsyncGenerator<ListedEntry> {
  const lister = new FolderLister(spec);
  yield* lister.open('', 0, after === undefined ? BEGINNING : parseCursor(after));
  for (let folder = lister.deepest; folder !== undefined; folder = lister.deepest) {
    signal?.throwIfAborted();
    const name = folder.names[folder.next];
    folder.next += 1;
    if (name === undefined) lister.close();
    else if (kindOf(name) === 'file') yield await lister.file(join(folder.path, name));
    else yield* lister.enter(folder, name);
  }
}

function parseCursor(cursor: string): Start {
  const [, count, path] = /^(\d+):(.*)$/s.exec(cursor) ?? [];
  if (count === undefined || path === undefined) {
    throw new SalamandraError('INVALID_PARAMETER', 'The cursor does not belong to a folder.');
  }
  const names = unescapeFileName(path).toString('latin1').split('/');
  return { summaries: Number(count), names: path === '' ? [] : names };
}

class FolderLister {
  private readonly root: string;
  private readonly filter: FolderFilter;
  private readonly folders: OpenFolder[] = [];

  constructor(private readonly spec: FolderSpec & Confined) {
    this.root = unescapeFileName(spec.path).toString('latin1').replace(/\/+$/, '');
    this.filter = createFolderFilter(spec);
  }

  get deepest(): OpenFolder | undefined {
    return this.folders.at(-1);
  }

  close(): void {
    this.folders.pop();
  }

  /** Opens a folder, and the folders below it on the way to the start. Yields the summaries. */
  async *open(path: string, links: number, start: Start): AsyncGenerator<ListedEntry> {
    let read: Awaited<ReturnType<typeof readFolder>>;
    try {
      read = await readFolder(this.absolute(path));
    } catch (error) {
      if (path === '') throw accessError(error);
      yield this.unreadable(path, error);
      return;
    }
    const identity = `${read.status.dev}:${read.status.ino}`;
    if (this.folders.some((folder) => folder.identity === identity)) {
      yield this.skip(path, 'SYMLINK_LOOP', SKIP_REASONS.SYMLINK_LOOP);
      return;
    }
    const { names, summaries } = this.select(path, read.names);
    const folder: OpenFolder = { path, links, identity, names, next: 0 };
    this.folders.push(folder);
    const [name, ...rest] = start.names;
    if (name !== undefined) {
      yield* this.advance(folder, name, { summaries: start.summaries, names: rest });
      return;
    }
    for (const [index, skipped] of summaries.entries()) {
      if (index >= start.summaries) yield { skipped, cursor: `${index + 1}:${toText(path)}` };
    }
  }

  /** Moves a folder behind the entry `name`, and opens that entry if the start is in it. */
  private async *advance(
    folder: OpenFolder,
    name: string,
    rest: Start,
  ): AsyncGenerator<ListedEntry> {
    const at = folder.names.findIndex((marked) => nameOf(marked) >= name);
    folder.next = at === -1 ? folder.names.length : at;
    const marked = folder.names[folder.next];
    if (marked === undefined || nameOf(marked) !== name) return;
    folder.next += 1;
    const isFile = kindOf(marked) === 'file' || (rest.names.length === 0 && rest.summaries === 0);
    if (isFile) return;
    const links = folder.links + (kindOf(marked) === 'link' ? 1 : 0);
    yield* this.open(join(folder.path, name), links, rest);
  }

  /** The names to visit, and summaries of the others by reason, in a fixed order. Opens no entry. */
  private select(folder: string, marked: readonly MarkedName[]) {
    const counts = new Map<FileSkipCode, number>();
    const names = marked.filter((each) => {
      const code = this.judge(join(folder, nameOf(each)), kindOf(each));
      if (code !== null) counts.set(code, (counts.get(code) ?? 0) + 1);
      return code === null;
    });
    const entry = folder === '' ? '.' : toText(folder);
    const summaries = [...counts]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([code, count]): SkippedEntry => ({ entry, code, reason: SKIP_REASONS[code], count }));
    return { names, summaries };
  }

  private judge(path: string, kind: EntryKind): FileSkipCode | null {
    const text = toText(path);
    const name = baseName(text);
    if (isHiddenName(name)) return 'HIDDEN';
    switch (kind) {
      case 'special':
        return 'SPECIAL_FILE';
      case 'link':
        return this.spec.symlinks === 'follow' ? null : 'SYMLINK';
      case 'folder':
        return this.filter.entersFolder(text) ? null : 'EXCLUDED';
      case 'file': {
        const judgement = judgeFileName(name);
        if (judgement !== 'media' && judgement !== 'unknown') return judgement;
        return this.filter.includesFile(text) ? null : 'EXCLUDED';
      }
    }
  }

  /** Lists a folder, or what a link leads to. */
  async *enter(folder: OpenFolder, marked: MarkedName): AsyncGenerator<ListedEntry> {
    const path = join(folder.path, nameOf(marked));
    if (kindOf(marked) === 'link') yield* this.follow(path, folder.links + 1);
    else yield* this.open(path, folder.links, BEGINNING);
  }

  private async *follow(path: string, links: number): AsyncGenerator<ListedEntry> {
    let kind: EntryKind;
    try {
      kind = await this.resolveLink(path);
    } catch (error) {
      yield this.unreadable(path, error);
      return;
    }
    const code = (await this.isOutside(path)) ? 'OUTSIDE_ROOTS' : this.judge(path, kind);
    if (code !== null) yield this.skip(path, code, SKIP_REASONS[code]);
    else if (kind === 'file') yield await this.file(path);
    else if (links <= MAX_NESTED_LINKS) yield* this.open(path, links, BEGINNING);
    else yield this.skip(path, 'SYMLINK_LOOP', SKIP_REASONS.SYMLINK_LOOP);
  }

  private async resolveLink(path: string): Promise<EntryKind> {
    const target = await stat(this.absolute(path));
    if (target.isDirectory()) return 'folder';
    return target.isFile() ? 'file' : 'special';
  }

  private async isOutside(path: string): Promise<boolean> {
    const { roots } = this.spec;
    if (roots === undefined) return false;
    return await assertBelowRoots(toText(`${this.root}/${path}`), roots).then(
      () => false,
      () => true,
    );
  }

  /** An item, if the extension or else the first bytes are of an image or a video. */
  async file(path: string): Promise<ListedEntry> {
    const identifier = toText(path);
    if (judgeFileName(baseName(identifier)) === 'unknown') {
      const skipped = await this.sniff(path);
      if (skipped !== null) return skipped;
    }
    const location = { kind: 'file' as const, path: toText(`${this.root}/${path}`) };
    return { item: { identifier, location, record: {} }, cursor: `0:${identifier}` };
  }

  private async sniff(path: string): Promise<ListedEntry | null> {
    let head: Uint8Array;
    try {
      head = await readFileHead(this.absolute(path));
    } catch (error) {
      return this.unreadable(path, error);
    }
    const refusal = refuseHead(head);
    return refusal && this.skip(path, ...refusal);
  }

  /** @throws STORAGE_UNAVAILABLE */
  private unreadable(path: string, cause: unknown): ListedEntry {
    const error = accessError(cause);
    if (error.code === 'STORAGE_UNAVAILABLE') throw error;
    return this.skip(path, 'UNREADABLE', error.publicMessage);
  }

  private skip(path: string, code: SkipCode, reason: string): ListedEntry {
    const entry = toText(path);
    return { skipped: { entry, code, reason, count: 1 }, cursor: `0:${entry}` };
  }

  private absolute(path: string): Buffer {
    return Buffer.from(path === '' ? this.root || '/' : `${this.root}/${path}`, 'latin1');
  }
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Names that need no escapes and are the same in Latin-1 and UTF-8: nearly all, in large folders. */
const PLAIN = /^[ -[\]-~]*$/;

function toText(latin1: string): string {
  if (PLAIN.test(latin1)) return latin1;
  return escapeFileName(Buffer.from(latin1, 'latin1'));
}
