import { tileGeometry } from './tile-geometry.js';

describe('tileGeometry', () => {
  it('extends the tiles above and below a wide image', () => {
    const geometry = tileGeometry({ width: 1400, height: 500, grid: { rows: 2, columns: 4 } });

    expect(geometry.image).toEqual({ x: 0, y: 0, width: 1400, height: 500 });
    expect(geometry.extent).toEqual({ x: 0, y: -100, width: 1400, height: 700 });
    expect(geometry.tiles).toHaveLength(8);
    expect(geometry.tiles[0]).toEqual({ x: 0, y: -100, width: 350, height: 350 });
    expect(geometry.tiles[3]).toEqual({ x: 1050, y: -100, width: 350, height: 350 });
    expect(geometry.tiles[4]).toEqual({ x: 0, y: 250, width: 350, height: 350 });
  });

  it('extends the tiles to the left and right of a tall image', () => {
    const geometry = tileGeometry({ width: 300, height: 420, grid: { rows: 2, columns: 2 } });

    expect(geometry.extent).toEqual({ x: -60, y: 0, width: 420, height: 420 });
    expect(geometry.tiles).toEqual([
      { x: -60, y: 0, width: 210, height: 210 },
      { x: 150, y: 0, width: 210, height: 210 },
      { x: -60, y: 210, width: 210, height: 210 },
      { x: 150, y: 210, width: 210, height: 210 },
    ]);
  });

  it('covers an image with the aspect ratio of the grid exactly', () => {
    const geometry = tileGeometry({ width: 1200, height: 600, grid: { rows: 1, columns: 2 } });

    expect(geometry.extent).toEqual(geometry.image);
    expect(geometry.tiles).toEqual([
      { x: 0, y: 0, width: 600, height: 600 },
      { x: 600, y: 0, width: 600, height: 600 },
    ]);
  });

  it('has no tiles except the base tile without a grid', () => {
    const image = { x: 0, y: 0, width: 320, height: 240 };

    expect(tileGeometry({ width: 320, height: 240, grid: null })).toEqual({
      image,
      tiles: [],
      extent: image,
    });
  });
});
