import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { GraphSession, GraphTensor } from '../runtime/graph-session.js';
import { createTensor } from '../tensor/tensor.js';
import { encodeTiles } from './encode-tiles.js';

/** A graph whose feature is twice the first value of the tile. Records the number of tiles per run. */
function createDoublingGraph() {
  const runs: number[] = [];
  const session: GraphSession = {
    inputNames: ['pixel_values'],
    outputNames: ['image_features'],
    run: ([inputs]) => {
      const pixels = inputs!['pixel_values'] as GraphTensor & { type: 'float32' };
      const tiles = pixels.shape[0]!;
      runs.push(tiles);
      const stride = pixels.data.length / tiles;
      const data = Float32Array.from(
        { length: tiles },
        (_, tile) => pixels.data[tile * stride]! * 2,
      );
      return Promise.resolve({ image_features: { type: 'float32', shape: [tiles, 1, 1], data } });
    },
    close: () => Promise.resolve(),
  };
  return { session, runs };
}

function createPixels(tiles: number) {
  return createTensor(
    [tiles, 3, 2, 2],
    Float32Array.from({ length: tiles * 12 }, (_, index) => Math.floor(index / 12)),
  );
}

describe('encodeTiles', () => {
  it.each([1, MAX_TILES_PER_RUN + 1, 37])('encodes %i tiles in order', async (tiles) => {
    const { session, runs } = createDoublingGraph();
    const features = await encodeTiles(session, createPixels(tiles));

    expect(features.shape).toEqual([tiles, 1, 1]);
    expect([...features.data]).toEqual(Array.from({ length: tiles }, (_, tile) => tile * 2));
    expect(Math.max(...runs)).toBeLessThanOrEqual(MAX_TILES_PER_RUN);
    expect(runs).toHaveLength(Math.ceil(tiles / MAX_TILES_PER_RUN));
  });

  it('stops between runs', async () => {
    const { session, runs } = createDoublingGraph();
    const controller = new AbortController();
    const stopping: GraphSession = {
      ...session,
      run: (inputs) => {
        controller.abort(new Error('gone'));
        return session.run(inputs);
      },
    };

    await expect(encodeTiles(stopping, createPixels(9), controller.signal)).rejects.toThrow('gone');
    expect(runs).toEqual([MAX_TILES_PER_RUN]);
  });

  it('rejects zero tiles, and a graph without features', async () => {
    const { session } = createDoublingGraph();
    const silent: GraphSession = { ...session, run: () => Promise.resolve({}) };

    await expect(encodeTiles(session, createPixels(0))).rejects.toThrow(RangeError);
    await expect(encodeTiles(silent, createPixels(1))).rejects.toThrow(TypeError);
  });
});
