import { createHash } from 'node:crypto';
import { createGeometry, drawTestImage, readGolden } from '../../test/golden/vision-golden.js';
import { normalizeTiles } from './normalize-tiles.js';
import { planTiles } from './plan-tiles.js';
import { tileImage } from './tile-image.js';

const golden = readGolden('tile-hashes');

function sha256(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

describe('tileImage and normalizeTiles', () => {
  it.each(golden.pictures)(
    'give the bytes of Hugging Face: $geometry, $width x $height',
    ({ geometry: name, width, height, picture, tiles, tilesSha256, pixelValuesSha256 }) => {
      const { mean, std } = golden;
      const geometry = createGeometry(golden.geometries[name]!);
      const plan = planTiles({ width, height }, geometry, 'high', Infinity);

      const tiled = tileImage(drawTestImage(width, height, picture), plan, geometry);
      const values = normalizeTiles(tiled.tiles, { ...geometry.imageProcessor, mean, std });

      expect(tiled.plan).toBe(plan);
      expect(tiled.tiles).toHaveLength(tiles);
      expect(sha256(...tiled.tiles)).toBe(tilesSha256);
      const side = geometry.imageProcessor.tileSize.width;
      expect(values.shape).toEqual([tiles, 3, side, side]);
      expect(sha256(new Uint8Array(values.data.buffer))).toBe(pixelValuesSha256);
    },
  );
});

describe('tileImage', () => {
  const geometry = createGeometry(golden.geometries['demo']!);
  const tileBytes = 98 * 98 * 3;

  it('gives the base tile only for low, which is the first tile of high', () => {
    const image = drawTestImage(300, 200, 'pattern');
    const low = tileImage(image, planTiles(image, geometry, 'low', 999), geometry);
    const high = tileImage(image, planTiles(image, geometry, 'high', 999), geometry);

    expect(low.tiles).toEqual([high.tiles[0]]);
  });

  it('centers the image on black, with an odd padding pixel at the bottom', () => {
    const white = new Uint8Array(196 * 97 * 3).fill(255);
    const image = { width: 196, height: 97, data: white };
    const plan = planTiles(image, geometry, 'high', 999);
    const { tiles } = tileImage(image, plan, geometry);

    expect(plan.grid).toEqual({ rows: 1, columns: 2 });
    const rowBytes = 98 * 3;
    for (const tile of tiles.slice(1)) {
      expect(tile).toHaveLength(tileBytes);
      expect(tile[0]).toBe(255);
      expect(tile[96 * rowBytes]).toBe(255);
      expect(tile[97 * rowBytes]).toBe(0);
    }
  });
});
