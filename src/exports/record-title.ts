import { posix } from 'node:path';

import type { ReviewedItem } from '../review/reviewed-items.js';

/** Names of the column of the title, in lower case, in order of preference. */
const TITLE_COLUMNS = [
  ...['dcterms:title', 'dc:title', 'title', 'canvas label', 'label'],
  ...['títol', 'título', 'titol', 'titulo', 'titre', 'titel', 'titolo', 'título principal'],
  ...['izenburua', 'otsikko', 'pealkiri', 'cím', 'tytuł', 'název', 'názov', 'naslov', 'titlu'],
  ...['наслов', 'заглавие', 'название', 'назва', 'τίτλος', 'teideal', 'teitl', 'titlu'],
];

/** The title in the record of an item, else the name of its file. */
export function titleOf({
  record,
  identifier,
}: Pick<ReviewedItem, 'record' | 'identifier'>): string {
  const columns = new Map(Object.entries(record).map(([name, value]) => [toKey(name), value]));
  for (const name of TITLE_COLUMNS) {
    const title = columns.get(name)?.trim();
    if (title !== undefined && title !== '') return title;
  }
  return posix.basename(identifier) || identifier;
}

/** A title in several languages has a column for each, such as `Title@ca`: the last one counts. */
function toKey(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/@[a-z-]+$/, '');
}
