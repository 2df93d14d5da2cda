import type { SalamandraError } from '../errors/salamandra-error.js';
import { createGeometry, createRandom, readGolden } from '../../test/golden/vision-golden.js';
import { countVisualTokens } from './count-visual-tokens.js';
import { planTiles, type Detail } from './plan-tiles.js';

const { geometries } = readGolden('visual-token-counts');
const demo = createGeometry(geometries['demo']!);
const photo = { width: 1200, height: 900 };

describe('planTiles', () => {
  it('considers every pinpoint for high', () => {
    expect(planTiles(photo, demo, 'high', 1024)).toEqual({
      imageSize: photo,
      detail: 'high',
      grid: { rows: 5, columns: 6 },
      tiles: 31,
      visualTokens: 499,
    });
  });

  it('adds at most four tiles to the base tile for auto', () => {
    const plan = planTiles(photo, demo, 'auto', 1024);

    expect(plan.grid).toEqual({ rows: 2, columns: 2 });
    expect(plan.tiles).toBe(5);
  });

  it('uses the base tile only for low', () => {
    const plan = planTiles(photo, demo, 'low', 1024);

    expect(plan).toMatchObject({ grid: null, tiles: 1, visualTokens: 50 });
  });

  it('uses the base tile only for auto if every pinpoint is larger', () => {
    const large = { width: 588, height: 588 };
    const layout = { ...demo.layout, imageGridPinpoints: [large] };

    expect(planTiles(photo, { ...demo, layout }, 'auto', 1024).grid).toBeNull();
  });

  it('drops the largest grids until the tokens fit', () => {
    expect(planTiles(photo, demo, 'high', 499).tiles).toBe(31);
    expect(planTiles(photo, demo, 'high', 498).grid).not.toEqual({ rows: 5, columns: 6 });
    expect(planTiles(photo, demo, 'high', 60)).toMatchObject({ grid: null, visualTokens: 50 });
    expect(planTiles(photo, demo, 'high', 50)).toMatchObject({ grid: null, visualTokens: 50 });
  });

  it.each([49, 0, -20])('rejects a budget of %i', (budget) => {
    expect(() => planTiles(photo, demo, 'auto', budget)).toThrow(
      expect.objectContaining({
        code: 'CONTEXT_LENGTH_EXCEEDED',
        details: { neededTokens: 50, availableTokens: Math.max(budget, 0) },
      }) as SalamandraError,
    );
  });

  it.each([
    [0, 10],
    [10, 0],
    [-1, 5],
    [1.5, 5],
    [NaN, 5],
    [Infinity, 5],
  ])('rejects a size of %d x %d', (width, height) => {
    expect(() => planTiles({ width, height }, demo, 'auto', 1024)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as SalamandraError,
    );
  });

  it.each(Object.keys(geometries))(
    'holds its promises over 3,000 sizes and budgets: %s',
    (name) => {
      const geometry = createGeometry(geometries[name]!);
      const base = geometry.patchesPerSide ** 2 + 1;
      const random = createRandom(29);
      const details: Detail[] = ['low', 'auto', 'high'];

      for (let run = 0; run < 3000; run++) {
        const width = Math.floor(2 ** (random() * 15));
        const height = Math.floor(2 ** (random() * 15));
        const detail = details[run % 3]!;
        const budget = base + Math.floor(random() * 20 * base);
        const plan = planTiles({ width, height }, geometry, detail, budget);
        const { grid, tiles, visualTokens } = plan;

        expect(visualTokens).toBeLessThanOrEqual(budget);
        expect(visualTokens).toBe(countVisualTokens({ width, height }, grid, geometry));
        expect(tiles).toBe(1 + (grid ? grid.rows * grid.columns : 0));
        if (detail === 'low') expect(grid).toBeNull();
        if (detail === 'auto') expect(tiles).toBeLessThanOrEqual(5);
      }
    },
  );
});
