import { toCsvRow } from './csv-rows.js';
import type { ExportContext, FileFormat } from './export-format.js';
import { describeProvenance } from './provenance.js';
import { titleOf } from './record-title.js';
import { groupByColumn, joinTexts } from './segment-texts.js';
import {
  changedMeanwhile,
  chosenItems,
  type ChosenItem,
  columnKey,
  surveyItems,
  type TextColumn,
} from './survey-items.js';

/** A table for Omeka S: the headers are Dublin Core terms, with the languages as its module Bulk Import reads them. */
export const DUBLIN_CORE: FileFormat = {
  kind: 'file',
  mediaType: 'text/csv; charset=utf-8',
  extension: 'csv',
  write: writeDublinCore,
};

/** Terms of DCMI (https://www.dublincore.org/specifications/dublin-core/dcmi-terms/). */
const TERMS: Readonly<Record<string, string>> = {
  caption: 'dcterms:description',
  alt: 'dcterms:description',
  long: 'dcterms:abstract',
  keywords: 'dcterms:subject',
};

async function* writeDublinCore(context: ExportContext): AsyncGenerator<string> {
  const { textColumns } = await surveyItems(chosenItems(context));
  yield toCsvRow([
    ...['dcterms:identifier', 'dcterms:title'],
    ...textColumns.map(headerOf),
    'dcterms:provenance',
  ]);
  for await (const chosen of chosenItems(context)) {
    yield toCsvRow(toRow(context, chosen, textColumns));
  }
}

function headerOf({ language, kind }: TextColumn): string {
  return `${TERMS[kind] ?? 'dcterms:description'} @${language}`;
}

function toRow(
  { job }: ExportContext,
  { item, texts }: ChosenItem,
  columns: readonly TextColumn[],
): string[] {
  const groups = groupByColumn(texts);
  const names = columns.map(columnKey);
  if ([...groups.keys()].some((key) => !names.includes(key))) throw changedMeanwhile();
  // Segments of a clip have the same provenance most often.
  const provenance = [...groups].flatMap(([key, group]) => [
    ...new Set(group.map((text) => `${key}: ${describeProvenance(text, job.model)}`)),
  ]);
  return [
    ...[item.identifier, titleOf(item)],
    ...names.map((name) => joinTexts(groups.get(name) ?? [])),
    provenance.join('\n'),
  ];
}
