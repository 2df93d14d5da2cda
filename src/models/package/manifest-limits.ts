/**
 * Limits of the numbers in a manifest, several times the largest known model. The engine allocates buffers of these
 * sizes before it opens a graph, so a manifest with larger values is rejected.
 */
export const LAYERS = { min: 1, max: 1 << 10 };
export const HEADS = { min: 1, max: 1 << 10 };
export const WIDTH = { min: 1, max: 1 << 18 };
export const POSITIONS = { min: 1, max: 1 << 20 };
export const VOCABULARY = { min: 1, max: 1 << 20 };
export const PIXELS = { min: 1, max: 1 << 12 };
/** Side of an image grid in pixels; checkpoints go up to six tiles of 384. */
export const PINPOINT = { min: 1, max: 1 << 16 };
export const TOKEN = { min: 0, max: VOCABULARY.max };
export const FACTOR = { min: 1e-9, max: 1e9 };
