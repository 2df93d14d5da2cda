import type { Job } from '../jobs/jobs.js';
import type { ReviewedItem } from '../review/reviewed-items.js';
import type { TimeSpan } from './descriptions/parse-subtitles.js';

/** Which texts of the items are exported. */
export interface TextChoice {
  /** Only texts that a person accepted or edited. */
  readonly reviewedOnly: boolean;
  /** Language codes. Undefined: all. */
  readonly languages?: readonly string[] | undefined;
  /** Undefined: all. */
  readonly kinds?: readonly string[] | undefined;
}

/** Settings of one format or of a few; the others ignore them. */
export interface FormatSettings {
  /** CSV: a row for each text, or for each item with a column for each text. */
  readonly layout: 'long' | 'wide';
  /** CSV: whether the file begins with a byte order mark, without which Excel takes UTF-8 for another encoding. */
  readonly hasByteOrderMark: boolean;
  /** XMP: `photo.jpg.xmp` or `photo.xmp`. */
  readonly sidecarName: SidecarName;
  /** IIIF: URL of the folder in which the files will be published, with a slash at the end. */
  readonly baseUrl?: string | undefined;
  /** WebVTT: when something is said in the only clip. Descriptions are then spoken in between. */
  readonly dialogue?: readonly TimeSpan[] | undefined;
}

export type SidecarName = 'photo.jpg.xmp' | 'photo.xmp';

/** What a format may need besides the database. */
export interface ExportTools {
  /** The version of this program. */
  readonly version: string;
  /** A thumbnail as WebP. @throws the errors of the file */
  readonly drawThumbnail: (item: ReviewedItem) => Promise<Uint8Array>;
  /** A IIIF document. @throws the errors of `readDocument` */
  readonly readDocument: (url: string) => Promise<Readonly<Record<string, unknown>>>;
}

export interface ExportContext {
  readonly job: Pick<Job, 'id' | 'name' | 'model' | 'recipe' | 'source'>;
  /**
   * The items that were done or dead at `now`, in the order of the source. Each call reads them from the start, so that
   * a table knows its columns before its rows.
   */
  readonly items: () => AsyncIterable<ReviewedItem>;
  readonly choice: TextChoice;
  readonly settings: FormatSettings;
  readonly tools: ExportTools;
  /** The start of the export. */
  readonly now: Date;
  /** Reports a text or item that the format cannot hold. */
  readonly omit: (omission: Omission) => void;
  /** A file that an earlier export wrote to the same place; `null` if there is none. Undefined for a new archive. */
  readonly readExisting?: ((path: string) => Promise<string | null>) | undefined;
}

/** A text or an item that is missing in the export. */
export interface Omission {
  readonly identifier: string;
  readonly language?: string;
  readonly kind?: string;
  /** A sentence. */
  readonly reason: string;
}

/** A file of an export with many files. */
export interface ExportedFile {
  /** Relative, with `/`; safe as the name of an entry of a ZIP archive. */
  readonly path: string;
  readonly content: string;
}

/** A format that writes one file. */
export interface FileFormat {
  readonly kind: 'file';
  readonly mediaType: string;
  /** Of the file name, without a dot. */
  readonly extension: string;
  readonly write: (context: ExportContext) => AsyncIterable<string>;
}

/** A format that writes a file for each item, or several. */
export interface FilesFormat {
  readonly kind: 'files';
  readonly write: (context: ExportContext) => AsyncIterable<ExportedFile>;
}

export type ExportFormat = FileFormat | FilesFormat;
