import { createGeometry, readGolden } from '../../test/golden/vision-golden.js';
import { normalizeTiles } from './normalize-tiles.js';

const { imageProcessor } = createGeometry(readGolden('tile-hashes').geometries['demo']!);
const tiny = { ...imageProcessor, tileSize: { width: 2, height: 1 } };

describe('normalizeTiles', () => {
  it('transposes to planes and normalizes', () => {
    const { shape, data } = normalizeTiles([Uint8Array.of(0, 51, 255, 255, 102, 0)], tiny);

    expect(shape).toEqual([1, 3, 1, 2]);
    expect([...data]).toEqual(
      [-1, 1, -0.6, -0.2, 1, -1].map((v) => expect.closeTo(v, 6) as number),
    );
  });

  it('uses the mean and standard deviation of each channel', () => {
    const processor = { ...tiny, mean: [0, 0.5, 1] as const, std: [1, 0.5, 0.25] as const };
    const { data } = normalizeTiles([new Uint8Array(6).fill(255)], processor);

    expect([...data]).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it('keeps the order of the tiles', () => {
    const { shape, data } = normalizeTiles([new Uint8Array(6), new Uint8Array(6).fill(255)], tiny);

    expect(shape).toEqual([2, 3, 1, 2]);
    expect([...data]).toEqual([-1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1]);
  });

  it('rejects a tile of another size', () => {
    expect(() => normalizeTiles([new Uint8Array(5)], tiny)).toThrow(RangeError);
  });
});
