import { createHash } from 'node:crypto';

import { createGeometry, drawTestImage, readGolden } from '../../test/golden/vision-golden.js';
import { tileSquare } from './tile-image.js';

const golden = readGolden('square-tiles');
const demo = createGeometry(readGolden('packed-features').geometries['demo']!);

describe('tileSquare', () => {
  it.each(golden.tiles)(
    'is bit-equal to Hugging Face: $width x $height on $tileSide, $picture',
    ({ width, height, tileSide, picture, sha256 }) => {
      const tileSize = { width: tileSide, height: tileSide };
      const imageProcessor = { ...demo.imageProcessor, tileSize };
      const [red, green, blue] = golden.mean.map((value) => Math.trunc(value * 255));
      const layout = { ...demo.layout, severalImagesColor: [red!, green!, blue!] as const };

      const { tiles } = tileSquare(drawTestImage(width, height, picture), {
        ...demo,
        imageProcessor,
        layout,
      });

      expect(tiles).toHaveLength(1);
      expect(createHash('sha256').update(tiles[0]!).digest('hex')).toBe(sha256);
    },
  );

  it('plans the patches of one tile and one newline', () => {
    const { plan } = tileSquare(drawTestImage(30, 20, 'pattern'), demo);

    expect(plan).toEqual({
      imageSize: { width: 30, height: 20 },
      detail: 'low',
      grid: null,
      tiles: 1,
      visualTokens: 50,
    });
  });

  it('centers the image on the mean color, with an odd padding pixel at the bottom', () => {
    const white = { width: 98, height: 95, data: new Uint8Array(98 * 95 * 3).fill(255) };
    const [tile] = tileSquare(white, demo).tiles;
    const rowBytes = 98 * 3;
    const rows = Array.from({ length: 98 }, (_, y) => tile![y * rowBytes + 150]);

    expect(rows).toEqual([127, ...new Array<number>(95).fill(255), 127, 127]);
  });
});
