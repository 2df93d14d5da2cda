import type { ConversationReport } from '../compare-conversation.js';
import { exponent, mark } from '../image-row.js';
import type { VariantReport } from './compare-variant.js';
import type { MatrixVariant } from './matrix-references.js';

export const MATRIX_COLUMNS = ['inputs', 'ids', 'tiles', 'tokens', 'features', 'logits', 'greedy'];
const WIDTHS = [6, 4, 5, 6, 8, 8, 7];
/** The longest names are those of pairs, which list one value of each of eight axes. */
const NAME_WIDTH = 74;

export function formatMatrixHeader(): string {
  return formatCells('checkpoint', MATRIX_COLUMNS);
}

/** The row of a checkpoint: its conversations together, or the converter's message. */
export function formatMatrixRow(variant: MatrixVariant, report: VariantReport): string {
  if (report.kind !== 'compared') return `${pad(variant.name)}  ${report.kind}: ${report.message}`;
  const { conversations } = report;
  const count = (isEqual: (one: ConversationReport) => boolean) => {
    const equal = conversations.filter(isEqual).length;
    return equal === conversations.length ? mark(true).trim() : `${equal}/${conversations.length}`;
  };
  const largest = (valueOf: (one: ConversationReport) => number | undefined) => {
    const values = conversations.flatMap((one) => valueOf(one) ?? []);
    return values.length === 0 ? '-' : exponent(Math.max(...values));
  };
  const greedy = conversations.reduce((sum, one) => sum + one.greedyEqual, 0);
  const all = conversations.reduce((sum, { one }) => sum + one.greedyIds.length, 0);
  return formatCells(variant.name, [
    `${conversations.length}`,
    count((one) => one.idsEqual),
    count((one) => one.tilesEqual),
    count((one) => one.countsEqual),
    largest(({ features }) => features?.maxAbs),
    largest(({ logits }) => logits.maxAbs),
    `${greedy}/${all}`,
  ]);
}

function formatCells(name: string, cells: readonly string[]): string {
  return [pad(name), ...cells.map((cell, column) => cell.padStart(WIDTHS[column]!))].join('  ');
}

function pad(name: string): string {
  return name.padEnd(NAME_WIDTH);
}
