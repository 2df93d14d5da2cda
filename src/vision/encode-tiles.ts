import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { GraphSession } from '../runtime/graph-session.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';

/**
 * Runs the vision graph (vision encoder and projector) on all tiles, MAX_TILES_PER_RUN per run.
 *
 * @param pixelValues [tiles, 3, height, width]
 * @param signal checked between runs. A run itself cannot be interrupted.
 * @returns image features, [tiles, patches, hidden]
 */
export async function encodeTiles(
  session: GraphSession,
  pixelValues: FloatTensor,
  signal?: AbortSignal,
): Promise<FloatTensor> {
  const [tiles = 0, ...tileShape] = pixelValues.shape;
  if (tiles === 0) throw new RangeError('Encoding needs at least one tile.');
  const valuesPerTile = pixelValues.data.length / tiles;
  let features = createTensor([0, 0, 0]);

  for (let start = 0; start < tiles; start += MAX_TILES_PER_RUN) {
    signal?.throwIfAborted();
    const end = Math.min(start + MAX_TILES_PER_RUN, tiles);
    const encoded = await runGraph(session, {
      shape: [end - start, ...tileShape],
      data: pixelValues.data.subarray(start * valuesPerTile, end * valuesPerTile),
    });
    const [, ...featureShape] = encoded.shape;
    const valuesPerFeature = encoded.data.length / (end - start);
    if (start === 0) features = createTensor([tiles, ...featureShape]);
    features.data.set(encoded.data, start * valuesPerFeature);
  }
  return features;
}

async function runGraph(session: GraphSession, pixelValues: FloatTensor): Promise<FloatTensor> {
  const outputs = await session.run([{ pixel_values: { type: 'float32', ...pixelValues } }]);
  const features = outputs['image_features'];
  if (features?.type !== 'float32' || features.shape[0] !== pixelValues.shape[0]) {
    throw new TypeError(
      'The vision graph has no float32 output `image_features` with one entry per tile.',
    );
  }
  return features;
}
