import type { FetchPolicy } from '../../media/remote/ssrf-guard.js';

/** What a job captions. Stored with the job as JSON. Paths are absolute. */
export type SourceSpec = (FolderSpec | TableSpec | ListSpec | IiifSpec | ZipSpec | UrlsSpec) &
  Confined;

/** The source of any job. */
export type JobSource = SourceSpec | UploadsSpec | BatchSpec;

/** The files that clients upload into the job. */
interface UploadsSpec {
  readonly kind: 'uploads';
}

/** The requests in a stored file, one per line: a batch of OpenAI's API. */
export interface BatchSpec {
  readonly kind: 'batch';
  /** Id of the stored file. */
  readonly file: string;
  /** The `url` that every line must have. */
  readonly endpoint: string;
  /** Names of the model that a line may use. */
  readonly models: readonly string[];
}

export interface Confined {
  /**
   * Folders that must contain every file, after resolving symbolic links: those of the operator, for a job that a
   * client creates over HTTP. Rows of a table and symbolic links name files too. Without it, any file.
   */
  readonly roots?: readonly string[] | undefined;
}

/** All images and videos below a folder. */
export interface FolderSpec {
  readonly kind: 'folder';
  readonly path: string;
  /**
   * Glob patterns of paths relative to the folder, without regard to case. A pattern without a slash is matched against
   * the name, at any depth. Without `include`, every file is included. `exclude` also excludes folders.
   */
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Whether symbolic links are followed; `skip` by default. */
  readonly symlinks?: 'skip' | 'follow';
}

/** A table with a header and one record per row, which names a file or URL. */
export interface TableSpec {
  readonly kind: 'table';
  readonly path: string;
  /** By the extension of the file by default; CSV if it tells nothing. */
  readonly format?: 'csv' | 'tsv' | 'jsonl';
  /** One character. By default, the one of comma, semicolon, tab and pipe that gives the most columns. */
  readonly delimiter?: string;
  /** A label of the WHATWG Encoding Standard. By default the BOM, else UTF-8 if valid, else Windows-1252. */
  readonly encoding?: string;
  /** Column of the identifier. By default, found by its name; else that of the location. */
  readonly identifier?: string;
  /** Column of the path or URL. By default, found by its name; else by its values. */
  readonly location?: string;
}

/** A text file with one path or URL per line. */
export interface ListSpec {
  readonly kind: 'list';
  readonly path: string;
}

/** A manifest or collection of the IIIF Presentation API, version 2 or 3. */
export interface IiifSpec {
  readonly kind: 'iiif';
  /** `http:`, `https:`, or `file:` for a document on this machine. */
  readonly url: string;
}

/** All images and videos in a ZIP archive. */
export interface ZipSpec {
  readonly kind: 'zip';
  readonly path: string;
}

export interface UrlsSpec {
  readonly kind: 'urls';
  readonly urls: readonly string[];
}

/** What to caption, and the record of it in the source. */
export interface SourceItem<L extends ItemLocation = MediaLocation> {
  /**
   * Joins results back to the catalogue: the path relative to the folder, the cell of the identifier column, the id of
   * the canvas, the URL. A source may list an identifier twice; only the first is an item of the job.
   */
  readonly identifier: string;
  readonly location: L;
  /** Columns of the record in the order of the source; empty for sources without records. */
  readonly record: Readonly<Record<string, string>>;
}

/** What an item is. Stored with the item as JSON. */
export type ItemLocation = MediaLocation | BatchLine;

/** The line of a stored file that holds the request. */
export interface BatchLine {
  readonly kind: 'batch-line';
  readonly file: string;
  /** Of the first byte. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where the bytes of an image or video are; `openSourceItem` reads it. */
export type MediaLocation =
  | (Confined & {
      readonly kind: 'file';
      /** Absolute, with the escapes of `escapeFileName`. The file is read in place. */
      readonly path: string;
    })
  | {
      /** A file in the `UploadFolder`. */
      readonly kind: 'upload';
      readonly job: string;
      readonly file: string;
    }
  | { readonly kind: 'url'; readonly url: string }
  | (Confined & {
      readonly kind: 'zip-entry';
      readonly archive: string;
      readonly entry: string;
      readonly data: EntryData;
    })
  | {
      /** An image of a server that implements the IIIF Image API. Its size is chosen when it is opened. */
      readonly kind: 'iiif-image';
      /** Base URI of the image, without `/info.json`. */
      readonly service: string;
      /** `full`, or `x,y,w,h` in pixels. */
      readonly region: string;
      /** URL of the image without the Image API, used if the server gives no usable `info.json`. */
      readonly fallback: string | null;
    };

/** Where the data of an entry is in a ZIP archive: opening it does not read the entries before it. */
export interface EntryData {
  /** Offset of its local file header in bytes. */
  readonly header: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Compression method (APPNOTE.TXT, section 4.4.5): 0 is stored, 8 is deflated. */
  readonly method: number;
  readonly crc32: number;
}

/** Why entries of a source are no items. */
export type SkipCode =
  | 'HIDDEN'
  | 'SIDECAR'
  | 'NOT_MEDIA'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'EXCLUDED'
  | 'SYMLINK'
  | 'SYMLINK_LOOP'
  | 'OUTSIDE_ROOTS'
  | 'SPECIAL_FILE'
  | 'UNREADABLE'
  | 'INVALID_RECORD'
  | 'INVALID_NAME'
  | 'ENCRYPTED'
  | 'TOO_LARGE'
  | 'LIMIT'
  | 'INCOMPLETE_UPLOAD'
  | BatchFault;

/** What is wrong with a line of a batch. */
export type BatchFault =
  | 'EMPTY_FILE'
  | 'TOO_MANY_LINES'
  | 'LINE_TOO_LONG'
  | 'INVALID_JSON_LINE'
  | 'INVALID_CUSTOM_ID'
  | 'DUPLICATE_CUSTOM_ID'
  | 'INVALID_METHOD'
  | 'INVALID_URL'
  | 'INVALID_BODY'
  | 'MODEL_NOT_FOUND';

/** Entries of a source that are no items, with the reason. */
export interface SkippedEntry {
  /** The entry, or the folder that contains the entries. */
  readonly entry: string;
  readonly code: SkipCode;
  /** A sentence. */
  readonly reason: string;
  /** Entries. Above 1 for hidden files and others that are counted per folder. */
  readonly count: number;
}

export type SourceEntry<L extends ItemLocation = MediaLocation> =
  { readonly item: SourceItem<L> } | { readonly skipped: SkippedEntry };

export interface ListOptions {
  /** Cursor of the last entry that was stored. Listing goes on behind it. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Which URLs may be fetched; `null`: none. */
  readonly policy: FetchPolicy | null;
}

/** An entry, and the `after` with which listing goes on behind it. */
export type ListedEntry<L extends ItemLocation = MediaLocation> = SourceEntry<L> & {
  readonly cursor: string;
};
