import { posix } from 'node:path';

import type { JobDatabase } from '../jobs/database/job-database.js';
import type { Job } from '../jobs/jobs.js';
import { type ItemFilter, readReviewedItems } from '../review/reviewed-items.js';
import type { ReviewedItem } from '../review/reviewed-items.js';
import type {
  ExportContext,
  ExportedFile,
  ExportTools,
  FormatSettings,
  Omission,
  TextChoice,
} from './export-format.js';
import { EXPORT_FORMATS, type FormatName } from './formats.js';
import { toJsonLine } from './jsonl.js';
import { writeZip } from './zip.js';

/** Omissions that are listed; the others are counted. */
const MAX_OMISSIONS = 10_000;

export interface ExportRequest {
  readonly format: FormatName;
  readonly filter: ItemFilter;
  readonly choice: TextChoice;
  readonly settings: FormatSettings;
}

export const DEFAULT_SETTINGS: FormatSettings = {
  layout: 'long',
  hasByteOrderMark: false,
  sidecarName: 'photo.jpg.xmp',
};

/** What an export left out. Complete when the export has ended. */
export class Omissions {
  readonly listed: Omission[] = [];
  count = 0;

  readonly add = (omission: Omission): void => {
    this.count += 1;
    if (this.listed.length < MAX_OMISSIONS) this.listed.push(omission);
  };

  /** As JSON lines; empty if nothing was left out. */
  toJsonLines(): string {
    const rest = this.count - this.listed.length;
    return [...this.listed, ...(rest > 0 ? [{ further: rest }] : [])].map(toJsonLine).join('');
  }
}

/** Reads the items of a job for an export. */
export function createContext(
  database: JobDatabase,
  job: Job,
  { filter, choice, settings }: Omit<ExportRequest, 'format'>,
  tools: ExportTools,
  omissions: Omissions,
): ExportContext {
  const now = database.now();
  return {
    ...{ job, choice, settings, tools },
    items: () => itemsUntil(now, readReviewedItems(database, job.id, filter, 'position')),
    now: new Date(now),
    omit: omissions.add,
  };
}

/** The items that had ended at a time: what ends during the export would be in one of two readings only. */
async function* itemsUntil(
  now: number,
  items: AsyncIterable<ReviewedItem>,
): AsyncGenerator<ReviewedItem> {
  for await (const item of items) {
    if ((item.state === 'done' || item.state === 'dead') && item.finishedAt <= now) yield item;
  }
}

/** An export as one stream of bytes: the file, or a ZIP archive of the files. */
export interface ExportStream {
  readonly fileName: string;
  readonly mediaType: string;
  /** Ends with an error if the job, a file or the database fails; see the formats. */
  readonly chunks: AsyncIterable<string | Uint8Array>;
}

/** @throws nothing; the chunks throw INVALID_PARAMETER at once for a job or settings that the format cannot have. */
export function streamExport(
  format: FormatName,
  context: ExportContext,
  omissions: Omissions,
): ExportStream {
  const { kind, ...rest } = EXPORT_FORMATS[format];
  const name = `${safeName(context.job.name)}-${format}`;
  if (kind === 'file') {
    const { mediaType, extension, write } = rest as (typeof EXPORT_FORMATS)['jsonl'];
    return { fileName: `${name}.${extension}`, mediaType, chunks: write(context) };
  }
  const files = exportFiles(format, context, omissions);
  return {
    fileName: `${name}.zip`,
    mediaType: 'application/zip',
    chunks: writeZip(files, context.now),
  };
}

/** The files of a format with many files, and behind them the list of what was left out. */
export async function* exportFiles(
  format: FormatName,
  context: ExportContext,
  omissions: Omissions,
): AsyncGenerator<ExportedFile> {
  const { kind, write } = EXPORT_FORMATS[format];
  if (kind !== 'files') throw new Error(`The format ${format} has one file.`);
  yield* write(context);
  if (omissions.count > 0) yield { path: 'omitted.jsonl', content: omissions.toJsonLines() };
}

/** The name of a job without its extension, as part of a file name that every system accepts. */
function safeName(name: string): string {
  const { name: stem } = posix.parse(name);
  const safe = stem
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|-+$/g, '');
  return safe.slice(0, 60) || 'job';
}
