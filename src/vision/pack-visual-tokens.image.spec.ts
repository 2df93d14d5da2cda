import {
  createGeometry,
  createGoldenFeatures,
  readGolden,
} from '../../test/golden/vision-golden.js';
import { createTensor } from '../tensor/tensor.js';
import { packImageFeatures } from './pack-visual-tokens.js';
import { planTiles } from './plan-tiles.js';

const golden = readGolden('packed-features');
const newline = Float32Array.of(2, -3);

describe('packImageFeatures', () => {
  it.each(golden.cases)(
    'packs as Hugging Face: $geometry, $width x $height',
    ({ geometry: name, width, height, tokens, sum, samples }) => {
      const geometry = createGeometry(golden.geometries[name]!);
      const plan = planTiles({ width, height }, geometry, 'high', Infinity);
      const features = createGoldenFeatures([plan.tiles, geometry.patchesPerSide ** 2, 2]);

      const packed = packImageFeatures(features, plan, geometry, newline);

      expect(packed.shape).toEqual([tokens, 2]);
      for (const [token, first, second] of samples) {
        expect(Math.abs(packed.data[token * 2]! - first)).toBeLessThanOrEqual(1e-6);
        expect(Math.abs(packed.data[token * 2 + 1]! - second)).toBeLessThanOrEqual(1e-6);
      }
      const total = packed.data.reduce((subtotal, value) => subtotal + value, 0);
      expect(Math.abs(total - sum)).toBeLessThan(1e-6 * packed.data.length);
    },
  );

  const geometry = createGeometry(golden.geometries['demo']!);

  it('ends the base tile with one newline if there is no grid', () => {
    const plan = planTiles({ width: 600, height: 400 }, geometry, 'low', 100);
    const features = createGoldenFeatures([1, 49, 2]);

    const packed = packImageFeatures(features, plan, geometry, newline);

    expect(packed.shape).toEqual([50, 2]);
    expect([...packed.data]).toEqual([...features.data, 2, -3]);
  });

  it('joins the tiles of the grid, with a newline after each row', () => {
    const plan = planTiles({ width: 196, height: 98 }, geometry, 'high', 1000);
    const features = createTensor(
      [3, 49, 1],
      Float32Array.from({ length: 147 }, (_, index) => index),
    );

    const packed = packImageFeatures(features, plan, geometry, Float32Array.of(-1));

    expect(plan.grid).toEqual({ rows: 1, columns: 2 });
    const rows = Array.from({ length: 7 }, (_, y) => [
      ...Array.from({ length: 7 }, (__, x) => 49 + y * 7 + x),
      ...Array.from({ length: 7 }, (__, x) => 98 + y * 7 + x),
      -1,
    ]);
    expect([...packed.data.subarray(49)]).toEqual(rows.flat());
  });

  it('rejects features whose shape differs from the plan', () => {
    const plan = planTiles({ width: 600, height: 400 }, geometry, 'low', 100);

    expect(() =>
      packImageFeatures(createGoldenFeatures([2, 49, 2]), plan, geometry, newline),
    ).toThrow('Image features have shape [2,49,2], expected [1,49,2].');
    expect(() =>
      packImageFeatures(createGoldenFeatures([1, 49, 3]), plan, geometry, newline),
    ).toThrow(RangeError);
  });
});
