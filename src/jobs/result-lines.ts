import type { Receipt } from '../engine/receipts/receipt.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import {
  type LanguageCheckJson,
  languageCheckJson,
} from '../language/check/language-check-json.js';
import type { ItemText } from './claims.js';
import type { JobDatabase } from './database/job-database.js';
import type { ItemRow } from './database/tables.js';
import { unpackReport } from './item-receipts.js';
import { listItems, readTexts } from './items.js';
import type { ItemLocation } from './sources/source.js';

/** Items per page of the database. */
const PAGE_ITEMS = 200;

/** A text with the field names of the HTTP API. */
interface TextJson {
  readonly language: string;
  readonly kind: string;
  /** Seconds; of a segment of a video. */
  readonly start?: number;
  readonly end?: number;
  readonly text: string;
  readonly finish_reason: string;
  readonly language_check: LanguageCheckJson | null;
  readonly receipt?: Receipt;
}

/** An item with its texts, as a line of JSONL. Without texts for a dead letter. */
export interface ResultLine {
  readonly identifier: string;
  readonly record: Readonly<Record<string, string>>;
  /** Path or URL. */
  readonly source: string;
  readonly sha256?: string;
  readonly results?: readonly TextJson[];
  readonly error?: { readonly code: string; readonly message: string };
  /** To go on behind this line. */
  readonly cursor: string;
}

/**
 * The items of a job that are done or dead, in the order of the source, with their texts. Items that are done later,
 * behind a cursor that has passed them, are in the next call without a cursor.
 */
export async function* readResults(
  database: JobDatabase,
  jobId: string,
  after?: string,
): AsyncGenerator<ResultLine> {
  let position = after === undefined ? -1 : parseCursor(after);
  for (;;) {
    const page = await listItems(database, jobId, { after: position, limit: PAGE_ITEMS });
    const done = page.filter(({ state }) => state === 'done').map(({ id }) => id);
    const texts = await readTexts(database.db, done);
    for (const item of page) {
      if (item.state === 'done' || item.state === 'dead') {
        yield toResultLine(item, texts.get(item.id) ?? []);
      }
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE_ITEMS) return;
    position = last.position;
  }
}

/** @throws INVALID_PARAMETER for a text that is no cursor of a result. */
function parseCursor(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new SalamandraError('INVALID_PARAMETER', 'The cursor must be that of a line of results.');
}

export function toResultLine(item: ItemRow, texts: readonly ItemText[]): ResultLine {
  const common = {
    identifier: item.identifier,
    record: JSON.parse(item.record) as Record<string, string>,
    source: describeLocation(item),
  };
  const cursor = String(item.position);
  if (item.state === 'dead') {
    return { ...common, error: { code: item.error_code, message: item.error }, cursor };
  }
  const { report, receipts } = unpackReport(item.outcome);
  return {
    ...common,
    sha256: item.sha256,
    results: texts.map((text, number) => toTextJson(text, receipts[number])),
    ...report,
    cursor,
  };
}

function toTextJson(
  { language, kind, segment, text, finishReason }: ItemText,
  receipt: Receipt | undefined,
): TextJson {
  const times = segment && { start: segment.startSeconds, end: segment.endSeconds };
  return {
    ...{ language, kind, ...times, text, finish_reason: finishReason },
    language_check: languageCheckJson(text, language),
    ...(receipt && { receipt }),
  };
}

/** Path or URL of an item. */
export function describeLocation(item: Pick<ItemRow, 'identifier' | 'location'>): string {
  const location = JSON.parse(item.location) as ItemLocation;
  switch (location.kind) {
    case 'file':
      return location.path;
    case 'upload':
      return item.identifier;
    case 'url':
      return location.url;
    case 'zip-entry':
      return `${location.archive}/${location.entry}`;
    case 'iiif-image':
      return location.service;
    case 'batch-line':
      return `${location.file}, byte ${location.offset}`;
  }
}
