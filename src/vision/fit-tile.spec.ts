import { drawTestImage } from '../../test/golden/vision-golden.js';
import type { DecodedImage } from '../media/decode-image.js';
import { fitTile, type TileFit } from './fit-tile.js';

const CHANNELS = 3;
const PROCESSOR = { tileSize: { width: 8, height: 8 }, resample: 'bicubic' } as const;
const WHITE = 255;

function fill(width: number, height: number): DecodedImage {
  return { width, height, data: new Uint8Array(width * height * CHANNELS).fill(WHITE) };
}

/** First channel of a tile, row by row. */
function rowsOf(tile: Uint8Array): number[][] {
  const { width, height } = PROCESSOR.tileSize;
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => tile[(y * width + x) * CHANNELS]!),
  );
}

/** The bit-equality with transformers is tested in test/parity/layouts.spec.ts. */
describe('fitTile', () => {
  it('crops the center of an image with the given shorter side', () => {
    // Columns 0 to 15, so the center starts at column 4.
    const data = Uint8Array.from({ length: 16 * 8 * CHANNELS }, (_, i) => Math.floor(i / 3) % 16);
    const fit: TileFit = { paddingColor: null, resize: { sides: 'shortest', pixels: 8 } };

    const tile = fitTile({ width: 16, height: 8, data }, fit, PROCESSOR);

    expect(rowsOf(tile)[0]).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('puts an image that is smaller than the tile on black, an odd pixel lower and further right', () => {
    const fit: TileFit = { paddingColor: null, resize: { sides: 'both', pixels: 5 } };
    const rows = rowsOf(fitTile(fill(20, 30), fit, PROCESSOR));

    const line = [0, 0, ...new Array<number>(5).fill(WHITE), 0];
    expect(rows).toEqual([
      ...new Array<number[]>(2).fill(new Array<number>(8).fill(0)),
      ...new Array<number[]>(5).fill(line),
      new Array<number>(8).fill(0),
    ]);
  });

  it('pads to a square of a color before it resizes', () => {
    const fit: TileFit = { paddingColor: [9, 9, 9], resize: { sides: 'both', pixels: 8 } };
    const rows = rowsOf(fitTile(fill(8, 3), fit, PROCESSOR));

    expect(rows.map((row) => row[0])).toEqual([9, 9, WHITE, WHITE, WHITE, 9, 9, 9]);
  });

  it.each([
    [1, 32_768],
    [32_768, 1],
  ])('computes only the tile of an image of %ix%i pixels', (width, height) => {
    const started = performance.now();
    for (const paddingColor of [null, [0, 0, 0] as const]) {
      const fit: TileFit = { paddingColor, resize: { sides: 'shortest', pixels: 8 } };
      const tile = fitTile(drawTestImage(width, height, 'noise'), fit, PROCESSOR);
      expect(tile).toHaveLength(8 * 8 * CHANNELS);
    }
    // The square has a billion pixels, which would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
