import { createGeometry, readGolden } from '../../test/golden/vision-golden.js';
import { countVisualTokens } from './count-visual-tokens.js';
import { planTiles } from './plan-tiles.js';

const golden = readGolden('visual-token-counts');

describe('countVisualTokens', () => {
  describe.each(Object.entries(golden.counts))('equals Hugging Face for %s', (name, rows) => {
    const geometry = createGeometry(golden.geometries[name]!);

    it.each(rows)('%ix%i: %ix%i tiles, %i tokens', (width, height, gridRows, columns, tokens) => {
      const plan = planTiles({ width, height }, geometry, 'high', Infinity);

      expect(plan.grid).toEqual({ rows: gridRows, columns });
      expect(plan.visualTokens).toBe(tokens);
    });
  });

  it('counts the base tile as its patches and one newline', () => {
    const size = { width: 640, height: 480 };

    expect(countVisualTokens(size, null, createGeometry(golden.geometries['demo']!))).toBe(50);
    expect(countVisualTokens(size, null, createGeometry(golden.geometries['onevision']!))).toBe(
      730,
    );
  });

  it('does not shrink without a cap', () => {
    const demo = createGeometry(golden.geometries['demo']!);
    const uncapped = { ...demo, layout: { ...demo.layout, maxTilesCap: null } };

    const tokens = countVisualTokens(
      { width: 588, height: 588 },
      { rows: 6, columns: 6 },
      uncapped,
    );
    expect(tokens).toBe(49 + 42 * 43);
  });

  it('gives only newlines for an image thinner than a patch', () => {
    const geometry = createGeometry(golden.geometries['even']!);

    // 8 of 16 columns are unpadded on either side: 16 rows of one newline.
    expect(countVisualTokens({ width: 1, height: 2000 }, { rows: 1, columns: 1 }, geometry)).toBe(
      256 + 16,
    );
  });

  it('keeps one row if the cap would leave none', () => {
    const demo = createGeometry(golden.geometries['demo']!);
    const layout = { ...demo.layout, maxTilesCap: 1 };
    const geometry = { ...demo, patchesPerSide: 3, featuresPerTile: 9, layout };

    // 1 x 60 patches under a cap of 9: a ratio of 2.58 would leave 0 rows.
    expect(countVisualTokens({ width: 6000, height: 1 }, { rows: 1, columns: 20 }, geometry)).toBe(
      9 + 1 * (23 + 1),
    );
  });
});
