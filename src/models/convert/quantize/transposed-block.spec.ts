import { createTransposedBlock } from './transposed-block.js';

/** Writes a matrix [rows, columns], rows `first` to `last` through a block of their own, and reads it back. */
function turnParts(rows: number, columns: number, borders: number[], blockBytes: number): number[] {
  const file = new Int8Array(rows * columns);
  for (const [index, last] of borders.entries()) {
    const first = borders[index - 1] ?? 0;
    const shape = { rows: last - first, columns, matrixRows: rows, offset: first };
    const block = createTransposedBlock(
      Int8Array,
      shape,
      (bytes, position) => {
        file.set(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length), position);
      },
      blockBytes,
    );
    for (let row = first; row < last; row++) {
      const { line, start } = block.nextRow();
      for (let column = 0; column < columns; column++)
        line[start + column] = row * columns + column;
    }
    block.finish();
  }
  return [...file];
}

describe('createTransposedBlock', () => {
  const [rows, columns] = [150, 7];
  const turned = Array.from({ length: rows * columns }, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows];
    return Int8Array.of(row * columns + column)[0];
  });

  it.each([
    ['in one piece', [150], 1 << 20],
    ['block by block', [150], 70 * 7],
    ['block by block of less than a tile', [150], 11 * 7],
    ['row by row', [150], 1],
    ['in parts one below the other', [64, 65, 150], 1 << 20],
    ['in parts and blocks', [100, 150], 70 * 7],
  ])('turns a matrix over %s', (_, borders, blockBytes) => {
    expect(turnParts(rows, columns, borders, blockBytes)).toEqual(turned);
  });
});
