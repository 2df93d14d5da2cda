import { dirname } from 'node:path';

import { itemLocation } from './item-location.js';
import type { ListedEntry, ListOptions, ListSpec, SourceEntry, UrlsSpec } from './source.js';
import { openTextFile, readLines, rowAfter, rowCursor } from './text-file.js';

/**
 * Lists the paths and URLs of a text file, one per line. Relative paths start from the folder of the file. Empty lines
 * are ignored.
 *
 * @throws as `listTable`
 */
export async function* listLines(
  spec: ListSpec,
  { after, signal }: ListOptions,
): AsyncGenerator<ListedEntry> {
  const file = await openTextFile(spec.path, undefined);
  const last = rowAfter(after, file);
  const folder = dirname(spec.path);
  let row = 0;
  for await (const line of readLines(file)) {
    signal?.throwIfAborted();
    row += 1;
    const text = line.trim();
    if (row <= last || text === '') continue;
    yield { ...toEntry(text, row, folder), cursor: rowCursor(file, row) };
  }
}

function toEntry(text: string, row: number, folder: string): SourceEntry {
  const location = itemLocation(text, folder);
  if (location !== null) return { item: { identifier: text, location, record: {} } };
  const reason = `Line ${row} names no file or URL.`;
  return { skipped: { entry: `row ${row}`, code: 'INVALID_RECORD', reason, count: 1 } };
}

/** Lists URLs. The cursor is the number of those before it and itself. */
export async function* listUrls(
  { urls }: UrlsSpec,
  { after = '0' }: ListOptions,
): AsyncGenerator<ListedEntry> {
  for (const [index, url] of urls.entries()) {
    if (index < Number(after)) continue;
    const item = { identifier: url, location: { kind: 'url' as const, url }, record: {} };
    yield await Promise.resolve({ item, cursor: String(index + 1) });
  }
}
