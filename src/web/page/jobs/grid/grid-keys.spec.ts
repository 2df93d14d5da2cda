import { moveInGrid } from './grid-keys.js';

// Rows of four: 0-3, 4-7, 8-9.
const GRID = { columns: 4, total: 10 };

it.each([
  ['ArrowRight', 3, 4],
  ['ArrowLeft', 4, 3],
  ['ArrowDown', 1, 5],
  ['ArrowDown', 5, 9],
  ['ArrowDown', 7, 9],
  ['ArrowUp', 9, 5],
  ['Home', 7, 0],
  ['End', 0, 9],
])('%s moves from cell %i to cell %i', (key, from, to) => {
  expect(moveInGrid(key, from, GRID)).toBe(to);
});

it.each([
  ['ArrowLeft', 0],
  ['ArrowUp', 3],
  ['ArrowRight', 9],
  ['ArrowDown', 8],
  ['End', 9],
  ['a', 4],
])('%s does not move from cell %i', (key, from) => {
  expect(moveInGrid(key, from, GRID)).toBeNull();
});

it('does not move in an empty grid', () => {
  for (const key of ['ArrowDown', 'End', 'Home']) {
    expect(moveInGrid(key, 0, { columns: 4, total: 0 })).toBeNull();
  }
});
