import { encodeTiles } from '../../../src/vision/encode-tiles.js';
import { createTensor } from '../../../src/tensor/tensor.js';
import { modelPath } from '../models/bench-home.js';
import type { Figures, Job } from './job.js';
import { openPackage } from './open-package.js';
import { elapsedMs } from './timing.js';

/** Measures the vision graph (encoder and projector) on tiles of noise. */
export async function measureTiles(
  { shape, precision, tiles }: Extract<Job, { kind: 'tiles' }>,
  home: string,
  threads: number,
): Promise<Figures> {
  const directory = modelPath(home, { format: 'package', shape, precision });
  const { vision } = await openPackage(directory, threads);
  const { graph, geometry } = vision!;
  const { width, height } = geometry.imageProcessor.tileSize;
  const pixelValues = createTensor([tiles, 3, height, width]);
  let state = 1;
  for (let i = 0; i < pixelValues.data.length; i++) {
    state = (state * 48_271) % 0x7fff_ffff;
    pixelValues.data[i] = state / 0x4000_0000 - 1;
  }
  const one = { shape: [1, 3, height, width], data: pixelValues.data.slice(0, 3 * height * width) };
  await encodeTiles(graph, one);
  const ms = await elapsedMs(() => encodeTiles(graph, pixelValues));
  return { tilesPerSecond: (tiles * 1e3) / ms };
}
