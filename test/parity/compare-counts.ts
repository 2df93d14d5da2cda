import { planTiles } from '../../src/vision/plan-tiles.js';
import type { VisionGeometry } from '../../src/vision/vision-geometry.js';
import type { CountTable, References } from './references.js';

export interface CountReport {
  readonly geometry: CountTable['geometry'];
  readonly detail: CountTable['detail'];
  readonly sizes: number;
  /** Number of image sizes with a different grid or token count. */
  readonly different: number;
  readonly mostTokens: number;
}

/** Plans every image size of a table and compares grid and token count with the processor of transformers. */
export function compareCounts(references: References, table: CountTable): CountReport {
  const geometry = tableGeometry(table);
  const sizes = references.read(table.sizes);
  const grids = references.read(table.grids);
  const counts = references.read(table.counts);
  let different = 0;
  counts.forEach((count, i) => {
    const size = { width: sizes[2 * i]!, height: sizes[2 * i + 1]! };
    // The table lists only the pinpoints of its detail, so all of them are allowed.
    const { grid, visualTokens } = planTiles(size, geometry, 'high', Infinity);
    const isEqual =
      visualTokens === count && grid?.rows === grids[2 * i] && grid?.columns === grids[2 * i + 1];
    if (!isEqual) different += 1;
  });
  return {
    geometry: table.geometry,
    detail: table.detail,
    sizes: counts.length,
    different,
    mostTokens: Math.max(...counts),
  };
}

function tableGeometry(table: CountTable): VisionGeometry {
  const { tileSide, pinpoints: imageGridPinpoints, maxTilesCap, patchesPerSide } = table;
  return {
    patchesPerSide,
    featuresPerTile: patchesPerSide ** 2,
    layout: { kind: 'anyres', imageGridPinpoints, maxTilesCap, severalImagesColor: null },
    imageProcessor: {
      tileSize: { width: tileSide, height: tileSide },
      resample: 'bicubic',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      rescaleFactor: 1,
    },
    videoProcessor: null,
  };
}
