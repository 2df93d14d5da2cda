import type { ListedEntry, SourceItem } from '../../src/jobs/sources/source.js';

export async function collect(entries: AsyncIterable<ListedEntry>): Promise<ListedEntry[]> {
  const collected: ListedEntry[] = [];
  for await (const entry of entries) collected.push(entry);
  return collected;
}

export function itemsOf(entries: readonly ListedEntry[]): SourceItem[] {
  return entries.flatMap((entry) => ('item' in entry ? [entry.item] : []));
}

export function identifiersOf(entries: readonly ListedEntry[]): string[] {
  return itemsOf(entries).map(({ identifier }) => identifier);
}

/** One line per skipped entry: the entry, its code and the count. */
export function skippedOf(entries: readonly ListedEntry[]): string[] {
  return entries.flatMap((entry) =>
    'skipped' in entry
      ? [`${entry.skipped.entry}: ${entry.skipped.code} ${entry.skipped.count}`]
      : [],
  );
}

/** Lists again behind each entry, and fails unless the rest is the same each time. */
export async function expectResumable(
  list: (after: string | undefined) => AsyncIterable<ListedEntry>,
): Promise<void> {
  const all = await collect(list(undefined));
  expect(new Set(all.map(({ cursor }) => cursor)).size).toBe(all.length);
  for (const [index, { cursor }] of all.entries()) {
    expect(await collect(list(cursor))).toEqual(all.slice(index + 1));
  }
}
