import type { AnswersDistance, StageDistance } from './compare-shape.js';
import { distance, printRow } from './image-row.js';
import type { QuantisedReport } from './shape-bounds.js';

const COLUMNS = [
  ...['features', 'logits', 'first'],
  ...['independent: features', 'logits'],
  ...['between: features', 'logits'],
  ...['head', 'first'],
];
const WIDTHS = COLUMNS.map((name) => Math.max(name.length, 17));

export function printShapeHeader(): void {
  print('largest difference and cosine', COLUMNS);
}

/** Prints the difference from transformers in float32. */
export function printFloatRow(name: string, own: AnswersDistance): void {
  print(name, ownCells(own));
}

/** Prints the errors of production and independent quantization, and the difference between the two. */
export function printQuantisedRow(name: string, report: QuantisedReport): void {
  const { own, independent, between, head } = report;
  print(name, [
    ...ownCells(own),
    ...stageCells(independent),
    ...stageCells(between),
    distance(head.scores),
    `${head.sameFirst}/${head.answers}`,
  ]);
}

function ownCells(own: AnswersDistance): string[] {
  return [...stageCells(own), `${own.sameFirst}/${own.answers}`];
}

function stageCells({ features, logits }: StageDistance): string[] {
  return [features ? distance(features) : '-', distance(logits)];
}

function print(name: string, cells: readonly string[]): void {
  printRow(name, cells, WIDTHS);
}
