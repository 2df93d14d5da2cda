import type { RowResult } from './evaluate-rows.js';

export const HEADINGS = [
  ...['measurement', 'service', 'compared', 'llama.cpp', 'transformers.js', 'unit'],
  ...['ratio', 'target', 'result', 'share of the limit', 'peak MB', "peers' peak MB"],
] as const;

export function cellsOf(result: RowResult): string[] {
  const { service, compared, llama, transformers, ratio, target, reached, limit } = result;
  return [
    result.title,
    formatNumber(service),
    formatNumber(compared),
    formatNumber(llama),
    formatNumber(transformers),
    result.unit,
    ratio === null ? '' : Number.isNaN(ratio) ? 'not measured' : `${ratio.toFixed(2)} x`,
    target === null ? '' : 'atLeast' in target ? `>= ${target.atLeast} x` : `<= ${target.atMost} x`,
    reached === null ? '' : reached ? 'reached' : 'missed',
    limit === undefined || Number.isNaN(limit) ? '' : `${Math.round(100 * limit)} %`,
    formatMegabytes(result.peakBytes),
    formatMegabytes(result.peerPeakBytes),
  ];
}

/** Formats a table for a terminal. */
export function formatTable(results: readonly RowResult[]): string {
  const rows = [[...HEADINGS], ...results.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ');
  return rows.map(line).join('\n');
}

export function formatMarkdown(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = headings.map((_, index) => (index === 0 ? '---' : '--:'));
  return [line(headings), line(rule), ...rows.map(line)].join('\n');
}

export function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function formatMegabytes(bytes: number | null): string {
  return bytes === null || !Number.isFinite(bytes) ? '' : (bytes / 1e6).toFixed(0);
}
