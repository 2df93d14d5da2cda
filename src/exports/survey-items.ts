import { SalamandraError } from '../errors/salamandra-error.js';
import type { ReviewedItem, ReviewedText } from '../review/reviewed-items.js';
import { chooseTexts } from './choose-texts.js';
import type { ExportContext } from './export-format.js';

/** A column of texts. */
export interface TextColumn {
  readonly language: string;
  readonly kind: string;
}

/** What a table must know before its header is written. */
export interface Survey {
  /** Names of the columns of the records, in the order of their first occurrence. */
  readonly recordColumns: readonly string[];
  readonly textColumns: readonly TextColumn[];
  /** Whether an item is a clip with a text for each segment. */
  readonly hasSegments: boolean;
}

/** An item with the texts that are exported. */
export interface ChosenItem {
  readonly item: ReviewedItem;
  readonly texts: readonly ReviewedText[];
}

/** The items with at least one text that is exported, in the order of the source. */
export async function* chosenItems(
  { items, choice }: Pick<ExportContext, 'items' | 'choice'>,
  rejected: 'kept' | 'dropped' = 'dropped',
): AsyncGenerator<ChosenItem> {
  for await (const item of items()) {
    const texts = chooseTexts(item, choice, rejected);
    if (texts.length > 0) yield { item, texts };
  }
}

/** Reads all items once, for the columns of a table. */
export async function surveyItems(items: AsyncIterable<ChosenItem>): Promise<Survey> {
  const recordColumns = new Set<string>();
  const textColumns = new Map<string, TextColumn>();
  let hasSegments = false;
  for await (const { item, texts } of items) {
    for (const name of Object.keys(item.record)) recordColumns.add(name);
    for (const { language, kind, segment } of texts) {
      textColumns.set(columnKey({ language, kind }), { language, kind });
      hasSegments ||= segment !== undefined;
    }
  }
  return {
    recordColumns: [...recordColumns],
    textColumns: [...textColumns.values()].sort(compareColumns),
    hasSegments,
  };
}

export function columnKey({ language, kind }: TextColumn): string {
  return `${kind}@${language}`;
}

/** By language, then by kind in the order of first occurrence, which sorting keeps. */
function compareColumns(a: TextColumn, b: TextColumn): number {
  return a.language < b.language ? -1 : a.language > b.language ? 1 : 0;
}

/** The texts of one moment: an item has a group for each segment, and one for the texts about the whole. */
export function groupBySegment(texts: readonly ReviewedText[]): ReviewedText[][] {
  const groups = new Map<number | null, ReviewedText[]>();
  for (const text of texts) {
    const start = text.segment?.startSeconds ?? null;
    const group = groups.get(start);
    if (group) group.push(text);
    else groups.set(start, [text]);
  }
  return [...groups.values()];
}

/** The table has no column for a text that was written since the survey. */
export function changedMeanwhile(): SalamandraError {
  return new SalamandraError(
    'SERVER_UNAVAILABLE',
    'Texts in a new language or of a new kind were written during the export. Export the job again.',
  );
}
