/** A file of this computer, and the path that names it in a job. */
export interface PathFile {
  /** Relative to what was dropped or chosen, with slashes: `album/photo.jpg`. */
  readonly path: string;
  readonly file: File;
}

/** The files that were dropped, with those in folders, in the order of their paths. */
export async function readDrop(data: DataTransfer): Promise<readonly PathFile[]> {
  // The list of items is empty after the first await.
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  // Files that a program made have no entry.
  if (entries.length === 0) return fromInput(data.files);
  const files = await Promise.all(entries.map((entry) => readEntry(entry)));
  return sortByPath(files.flat());
}

/** The files of an input; those of a chosen folder keep its name in their path. */
export function fromInput(files: FileList): readonly PathFile[] {
  return sortByPath(
    [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file })),
  );
}

async function readEntry(entry: FileSystemEntry): Promise<readonly PathFile[]> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  if (!isFolder(entry)) return [];
  const children = await readFolder(entry);
  const files: PathFile[] = [];
  // One folder after the other: all at once would hold the entries of a whole disk in memory.
  for (const child of children) files.push(...(await readEntry(child)));
  return files;
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[]> {
  const reader = folder.createReader();
  const entries: FileSystemEntry[] = [];
  for (;;) {
    // Chromium gives 100 entries at a time, and an empty list at the end.
    const next = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (next.length === 0) return entries;
    entries.push(...next);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function sortByPath(files: readonly PathFile[]): readonly PathFile[] {
  return files.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}
