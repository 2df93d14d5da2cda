import './tile-overlay.css';

import { t } from '../locales/locale.js';
import type { Box, TileGeometry } from './tile-geometry.js';

/** Draws the tile borders. The container must have the aspect ratio of the geometry's extent. */
export function TileOverlay({ geometry }: { geometry: TileGeometry }) {
  const { extent, image, tiles } = geometry;
  const grid = tiles.map(drawBox).join('');
  const frame = drawBox(image);
  return (
    <svg
      class="tile-overlay"
      viewBox={`${extent.x} ${extent.y} ${extent.width} ${extent.height}`}
      role="img"
      aria-label={t().report.tiles(tiles.length + 1)}
    >
      <path class="tile-overlay-halo" d={grid + frame} />
      <path class="tile-overlay-tiles" d={grid} />
      <path class="tile-overlay-image" d={frame} />
    </svg>
  );
}

function drawBox({ x, y, width, height }: Box): string {
  return `M${x} ${y}h${width}v${height}h${-width}z`;
}
