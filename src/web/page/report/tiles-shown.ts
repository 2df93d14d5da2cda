import { storedSignal } from '../shell/stored-signal.js';

/** Whether the tiles are drawn over the picture. */
export const tilesShown = storedSignal(
  'salamandra.tiles-shown',
  false,
  (value) => typeof value === 'boolean',
);
