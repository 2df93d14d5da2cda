import type { PinnedModel } from '../jobs/recipe.js';
import type { ReviewedText } from '../review/reviewed-items.js';
import { toCsvRow } from './csv-rows.js';
import type { ExportContext, FileFormat } from './export-format.js';
import { describeProvenance } from './provenance.js';
import { titleOf } from './record-title.js';
import { joinTexts } from './segment-texts.js';
import { chosenItems, type ChosenItem } from './survey-items.js';

/**
 * A table for AtoM: columns of its template for ISAD(G), which need no mapping. One row for each language; the rows of
 * an item follow each other with the same `legacyId`, as AtoM imports translations.
 */
export const ATOM: FileFormat = {
  kind: 'file',
  mediaType: 'text/csv; charset=utf-8',
  extension: 'csv',
  write: writeAtom,
};

const COLUMNS = [
  ...['legacyId', 'parentId', 'qubitParentSlug', 'identifier', 'title', 'levelOfDescription'],
  ...['scopeAndContent', 'digitalObjectURI', 'descriptionStatus', 'revisionHistory'],
  ...['archivistNote', 'culture'],
] as const;

/** Scope and content holds one text: the first of these kinds that an item has. */
const KINDS = ['long', 'caption', 'alt', 'keywords'];

async function* writeAtom(context: ExportContext): AsyncGenerator<string> {
  yield toCsvRow(COLUMNS);
  for await (const chosen of chosenItems(context)) {
    for (const texts of byLanguage(chosen.texts).values()) {
      const row = toRow(chosen, texts, context.job.model);
      yield toCsvRow(COLUMNS.map((name) => row[name]));
    }
  }
}

/** The texts of one kind for each language. */
function byLanguage(texts: readonly ReviewedText[]): Map<string, ReviewedText[]> {
  const groups = new Map<string, ReviewedText[]>();
  for (const text of texts) groups.set(text.language, [...(groups.get(text.language) ?? []), text]);
  for (const [language, group] of groups) {
    const kind = KINDS.find((each) => group.some((text) => text.kind === each));
    groups.set(
      language,
      group.filter((text) => text.kind === kind),
    );
  }
  return groups;
}

function toRow(
  { item }: ChosenItem,
  texts: readonly ReviewedText[],
  model: PinnedModel | null,
): Record<(typeof COLUMNS)[number], string> {
  const isReviewed = texts.every(({ review }) => review !== 'unreviewed');
  const reviews = texts.flatMap(({ review, author, reviewedAt }) =>
    review === 'unreviewed' || reviewedAt === undefined
      ? []
      : [
          `${new Date(reviewedAt).toISOString().slice(0, 10)}: ${review} by ${author ?? 'a person'}`,
        ],
  );
  const notes = texts.map((text) => describeProvenance(text, model));
  return {
    legacyId: item.identifier,
    // For the archivist: the parent is known to the catalogue only.
    parentId: '',
    qubitParentSlug: '',
    identifier: item.identifier,
    title: titleOf(item),
    levelOfDescription: 'Item',
    scopeAndContent: joinTexts(texts),
    digitalObjectURI: item.location.kind === 'url' ? item.location.url : '',
    descriptionStatus: isReviewed ? 'Revised' : 'Draft',
    revisionHistory: [...new Set(reviews)].join('\n'),
    archivistNote: [...new Set(notes)].join('\n'),
    culture: texts[0]?.language ?? '',
  };
}
