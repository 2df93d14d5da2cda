import { createStripe } from './transposed-stripe.js';

/** Writes a matrix [rows, columns], rows `first` to `last` through a stripe of their own, and reads it back. */
function turnParts(
  rows: number,
  columns: number,
  borders: number[],
  stripeBytes: number,
): number[] {
  const file = new Int8Array(rows * columns);
  for (const [index, last] of borders.entries()) {
    const first = borders[index - 1] ?? 0;
    const shape = { rows: last - first, columns, matrixRows: rows, offset: first };
    const stripe = createStripe(
      Int8Array,
      shape,
      (bytes, position) => {
        file.set(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length), position);
      },
      stripeBytes,
    );
    for (let row = first; row < last; row++) {
      const { line, start } = stripe.nextRow();
      for (let column = 0; column < columns; column++)
        line[start + column] = row * columns + column;
    }
    stripe.finish();
  }
  return [...file];
}

describe('createStripe', () => {
  const [rows, columns] = [150, 7];
  const turned = Array.from({ length: rows * columns }, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows];
    return Int8Array.of(row * columns + column)[0];
  });

  it.each([
    ['in one piece', [150], 1 << 20],
    ['stripe by stripe', [150], 70 * 7],
    ['stripe by stripe of less than a tile', [150], 11 * 7],
    ['row by row', [150], 1],
    ['in parts one below the other', [64, 65, 150], 1 << 20],
    ['in parts and stripes', [100, 150], 70 * 7],
  ])('turns a matrix over %s', (_, borders, stripeBytes) => {
    expect(turnParts(rows, columns, borders, stripeBytes)).toEqual(turned);
  });
});
