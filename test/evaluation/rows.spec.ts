import { describe, expect, it } from '@jest/globals';

import { createRows } from './rows.js';
import { SIZE_BANDS } from './scenes.js';
import { Tally } from './tally.js';

/** Ten answers with this many right. */
function addTen(tally: Tally, name: string, right: number): void {
  for (let number = 0; number < 10; number++) tally.add(name, number < right);
}

describe('createRows', () => {
  it('has a target for the gain over all sizes of small objects, and one for the largest size', () => {
    const tally = new Tally();
    const [largest] = SIZE_BANDS;
    addTen(tally, 'small/low', 3);
    addTen(tally, 'small/auto', 5);
    addTen(tally, 'small/high', 4);
    addTen(tally, `small/${largest.name}/low`, 6);
    addTen(tally, `small/${largest.name}/auto`, 8);
    addTen(tally, `small/${largest.name}/high`, 9);
    const rows = createRows(tally).map(({ what, value, atLeast, isReached }) => ({
      what: what
        .replace(' of the longer side:', '')
        .replace(' minus base tile only, in points', ''),
      points: Math.round(value * 100),
      atLeast,
      isReached,
    }));
    expect(rows).toEqual([
      {
        what: 'Small objects, 1/18 to 1/7 gain of `detail=auto` over the base tile',
        points: 20,
        atLeast: 0.2,
        isReached: true,
      },
      {
        what: 'Small objects, 1/18 to 1/7 gain of `detail=high` over the base tile',
        points: 10,
        atLeast: 0.2,
        isReached: false,
      },
      {
        what: 'Small objects, 1/9 to 1/7 gain of `detail=auto` over the base tile',
        points: 20,
        atLeast: 0.2,
        isReached: true,
      },
      {
        what: 'Small objects, 1/9 to 1/7 gain of `detail=high` over the base tile',
        points: 30,
        atLeast: 0.2,
        isReached: true,
      },
    ]);
  });
});
