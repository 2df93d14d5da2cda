import './image-preview.css';

import { useSignal } from '@preact/signals';

import { t } from '../locales/locale.js';
import { reportOf, showTiles } from '../report/report-store.js';
import { type Box, tileGeometry } from '../report/tile-geometry.js';
import { TileOverlay } from '../report/tile-overlay.js';
import { drawThumbnail } from './drawn-thumbnail.js';
import { NoPreview } from './no-preview.js';
import type { MediaItem } from './media-store.js';

/** An image, upright according to its EXIF orientation, with the tile grid on top if enabled and known. */
export function ImagePreview({ item }: { item: MediaItem }) {
  const isBroken = useSignal(false);
  const ratio = useSignal<number | null>(null);
  const report = reportOf(item.id)?.media;
  // The tile grid is drawn on the image of the service as well.
  const drawn = isBroken.value ? drawThumbnail(item).value : null;
  if (drawn !== null && typeof drawn !== 'object') return <NoPreview item={item} />;
  const geometry = showTiles.value && report?.kind === 'image' ? tileGeometry(report) : null;
  const shown = geometry ? geometry.extent.width / geometry.extent.height : ratio.value;
  return (
    <div class="image-preview" style={shown === null ? undefined : { '--ratio': shown }}>
      <img
        src={drawn?.url ?? item.url}
        alt={t().media.preview(item.file.name)}
        draggable={false}
        style={geometry ? placeInside(geometry.image, geometry.extent) : FULL_SIZE}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          // An SVG may have no intrinsic size.
          if (naturalHeight === 0) isBroken.value = true;
          else ratio.value = naturalWidth / naturalHeight;
        }}
        onError={() => {
          isBroken.value = true;
        }}
      />
      {geometry && <TileOverlay geometry={geometry} />}
    </div>
  );
}

const FULL_SIZE = { left: '0%', top: '0%', width: '100%', height: '100%' };

function placeInside(box: Box, extent: Box) {
  const percent = (part: number, total: number) => `${(100 * part) / total}%`;
  return {
    left: percent(box.x - extent.x, extent.width),
    top: percent(box.y - extent.y, extent.height),
    width: percent(box.width, extent.width),
    height: percent(box.height, extent.height),
  };
}
