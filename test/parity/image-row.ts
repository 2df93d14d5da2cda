import type { Distance } from './measures.js';
import type { ImageReport } from './compare-image.js';

export const IMAGE_COLUMNS = [
  'tiles',
  'tokens',
  'ids',
  'pixels',
  'features, same tiles',
  'packed, same tiles',
  'logits, same tiles',
  'greedy',
  'features, own tiles',
  'logits, own tiles',
  'greedy',
];
const PICTURE_WIDTHS = [5, 6, 3, 10, 20, 20, 20, 6, 20, 20, 6];

/** The cells of an image's row. */
export function imageCells({
  one,
  planEqual,
  countEqual,
  idsEqual,
  stages,
}: ImageReport): string[] {
  const cells = [`${one.tiles}${mark(planEqual)}`, `${one.visualTokens}${mark(countEqual)}`];
  cells.push(mark(idsEqual).trim());
  if (stages === null) return cells;
  const { pixels, fromReferenceTiles: same, fromFile: own } = stages;
  const steps = one.greedyIds.length;
  cells.push(`${pixels.meanAbs.toFixed(3)} ${pixels.maxAbs}`);
  cells.push(distance(same.features), distance(same.embeddings), distance(same.logits));
  cells.push(`${same.greedyEqual}/${steps}`);
  if (own === same) return [...cells, '=', '=', '='];
  return [...cells, distance(own.features), distance(own.logits), `${own.greedyEqual}/${steps}`];
}

export function printRow(name: string, cells: readonly string[], widths = PICTURE_WIDTHS): void {
  const padded = cells.map((cell, column) => cell.padStart(widths[column]!));
  process.stdout.write(`${[name.padEnd(27), ...padded].join('  ')}\n`);
}

export function distance({ maxAbs, cosine }: Distance): string {
  return `${exponent(maxAbs)} ${cosine.toFixed(7)}`;
}

export function exponent(value: number): string {
  return value.toExponential(1);
}

export function mark(isEqual: boolean): string {
  return isEqual ? ' =' : ' !';
}
