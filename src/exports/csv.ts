import { languageCheckJson } from '../language/check/language-check-json.js';
import type { PinnedModel } from '../jobs/recipe.js';
import type { ReviewedText } from '../review/reviewed-items.js';
import { textVersion } from '../review/text-version.js';
import { toCsvRow } from './csv-rows.js';
import type { ExportContext, FileFormat } from './export-format.js';
import { provenanceOf } from './provenance.js';
import { protectCell } from '../review/spreadsheet-cells.js';
import {
  changedMeanwhile,
  chosenItems,
  type ChosenItem,
  columnKey,
  groupBySegment,
  type Survey,
  surveyItems,
} from './survey-items.js';

/** A table that joins back to the catalogue by its identifier, and can be imported after people worked on it. */
export const CSV: FileFormat = {
  kind: 'file',
  mediaType: 'text/csv; charset=utf-8',
  extension: 'csv',
  write: writeCsv,
};

const BYTE_ORDER_MARK = '\ufeff';

/** A column of the long layout: its name, and its cell for a text. */
type Column = readonly [name: string, cell: (text: ReviewedText, chosen: ChosenItem) => string];

function longColumns(model: PinnedModel | null): readonly Column[] {
  const provenance = (name: keyof ReturnType<typeof provenanceOf>): Column => [
    name,
    (text) => String(provenanceOf(text, model)[name]),
  ];
  return [
    ['language', ({ language }) => language],
    ['kind', ({ kind }) => kind],
    ['start', ({ segment }) => toSeconds(segment?.startSeconds)],
    ['end', ({ segment }) => toSeconds(segment?.endSeconds)],
    ['text', ({ text }) => text],
    provenance('review'),
    provenance('reviewed_by'),
    provenance('reviewed_at'),
    ['revision', textVersion],
    provenance('machine_generated'),
    provenance('model'),
    provenance('model_revision'),
    provenance('precision'),
    ['flags', ({ flags }) => flags.join(' ')],
    ['source', (_, { item }) => item.source],
    ['sha256', (_, { item }) => item.sha256],
    ['language_check', ({ text, language }) => languageCheckJson(text, language)?.result ?? ''],
  ];
}

async function* writeCsv(context: ExportContext): AsyncGenerator<string> {
  const { layout, hasByteOrderMark } = context.settings;
  const survey = await surveyItems(chosenItems(context, 'kept'));
  const rows = layout === 'long' ? longRows : wideRows;
  if (hasByteOrderMark) yield BYTE_ORDER_MARK;
  for await (const row of rows(context, survey)) yield toCsvRow(row.map(protectCell));
}

async function* longRows(context: ExportContext, survey: Survey): AsyncGenerator<string[]> {
  const columns = longColumns(context.job.model);
  yield header(
    survey,
    columns.map(([name]) => name),
  );
  for await (const chosen of chosenItems(context, 'kept')) {
    for (const text of chosen.texts) {
      yield [...leadingCells(chosen, survey), ...columns.map(([, cell]) => cell(text, chosen))];
    }
  }
}

/** The suffixes of the columns that follow each column of texts. */
const WIDE_DETAILS = ['review', 'reviewed_by', 'reviewed_at', 'revision'] as const;

/** A row for each item, or for each segment of a clip. */
async function* wideRows(context: ExportContext, survey: Survey): AsyncGenerator<string[]> {
  const { model } = context.job;
  const names = survey.textColumns.map(columnKey);
  const segmentNames = survey.hasSegments ? ['start', 'end'] : [];
  yield header(survey, [
    ...segmentNames,
    ...names.flatMap((name) => [name, ...WIDE_DETAILS.map((detail) => `${name} ${detail}`)]),
    ...['machine_generated', 'model', 'model_revision', 'precision', 'source', 'sha256'],
  ]);
  for await (const chosen of chosenItems(context, 'kept')) {
    for (const group of groupBySegment(chosen.texts)) {
      const texts = new Map(group.map((text) => [columnKey(text), text]));
      if ([...texts.keys()].some((key) => !names.includes(key))) throw changedMeanwhile();
      const segment = group[0]?.segment;
      yield [
        ...leadingCells(chosen, survey),
        ...(survey.hasSegments
          ? [toSeconds(segment?.startSeconds), toSeconds(segment?.endSeconds)]
          : []),
        ...names.flatMap((name) => wideCells(texts.get(name))),
        ...groupProvenance(group, model),
        ...[chosen.item.source, chosen.item.sha256],
      ];
    }
  }
}

function wideCells(text: ReviewedText | undefined): string[] {
  if (!text) return ['', ...WIDE_DETAILS.map(() => '')];
  const { review, reviewed_by, reviewed_at } = provenanceOf(text, null);
  return [text.text, review, reviewed_by, reviewed_at, textVersion(text)];
}

/** Names the languages and kinds of machine-generated texts if a person wrote the others. */
function groupProvenance(group: readonly ReviewedText[], model: PinnedModel | null): string[] {
  const machine = group.filter((text) => provenanceOf(text, model).machine_generated);
  const isAll = machine.length === group.length;
  const generated = isAll ? 'true' : machine.map(columnKey).join(' ') || 'false';
  const [first] = machine;
  if (!first) return [generated, '', '', ''];
  const { model: id, model_revision, precision } = provenanceOf(first, model);
  return [generated, id, model_revision, precision];
}

/** The identifier and the record come first. A column of the record with a name of ours is called `record:NAME`. */
function header({ recordColumns }: Survey, names: readonly string[]): string[] {
  const own = new Set(['identifier', ...names]);
  const rename = (name: string): string => (own.has(name) ? rename(`record:${name}`) : name);
  return ['identifier', ...recordColumns.map(rename), ...names];
}

function leadingCells({ item }: ChosenItem, { recordColumns }: Survey): string[] {
  return [item.identifier, ...recordColumns.map((name) => item.record[name] ?? '')];
}

function toSeconds(seconds: number | undefined): string {
  return seconds === undefined ? '' : String(seconds);
}
