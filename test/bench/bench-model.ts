import { createTensor, type FloatTensor } from '../../src/tensor/tensor.js';
import { encodeTiles } from '../../src/vision/encode-tiles.js';
import type { ModelParts } from '../converted-model.js';
import { median } from '../median.js';
import { type BenchRow, elapsedMs, measureMs } from './timing.js';

const TILES = [1, 5, 10];
const PROMPTS = [64, 256, 512];
const CONTEXTS = [64, 512];
const DECODE_STEPS = 24;

/** Vision, prefill and decode speed of a loaded model, through the product's own functions. */
export async function benchModel(model: ModelParts, runs: number): Promise<BenchRow[]> {
  const { precision } = model.manifest;
  const rows: BenchRow[] = [];
  const add = (measure: string, condition: string, value: number, unit: BenchRow['unit']) =>
    rows.push({ measure, model: precision, condition, value, unit });

  for (const tiles of TILES) {
    const pixelValues = noiseTiles(model, tiles);
    const ms = await measureMs(runs, () => encodeTiles(model.visionSession, pixelValues));
    add('vision tower and projector', `${tiles} tiles at once`, (tiles / ms) * 1e3, 'tiles/s');
  }
  for (const positions of PROMPTS) {
    const embeds = noisePrompt(model, positions);
    const { decoder } = model;
    const ms = await measureMs(runs, () => decoder.prefill(embeds, decoder.createCache()));
    add('prefill', `${positions} tokens`, (positions / ms) * 1e3, 'tokens/s');
  }
  for (const positions of CONTEXTS) {
    const ms = await measureDecodeStep(model, positions, runs);
    add('decode', `after ${positions} tokens`, 1e3 / ms, 'tokens/s');
  }
  return rows;
}

async function measureDecodeStep(
  { decoder, manifest }: ModelParts,
  positions: number,
  runs: number,
): Promise<number> {
  const durations: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const cache = decoder.createCache();
    await decoder.prefill(createTensor([positions, manifest.decoder.hiddenSize]), cache);
    for (let step = 0; step < DECODE_STEPS; step++) {
      const ms = await elapsedMs(() => decoder.decodeStep(step, cache));
      if (run > 0) durations.push(ms);
    }
  }
  return median(durations);
}

function noiseTiles({ geometry }: ModelParts, tiles: number): FloatTensor {
  const { width, height } = geometry.imageProcessor.tileSize;
  return fillWithNoise(createTensor([tiles, 3, height, width]));
}

function noisePrompt({ manifest }: ModelParts, positions: number): FloatTensor {
  return fillWithNoise(createTensor([positions, manifest.decoder.hiddenSize]));
}

/** Values from -1 to 1 without a pattern that a processor could profit from; the same at every start. */
export function fillWithNoise(tensor: FloatTensor): FloatTensor {
  let state = 1;
  tensor.data.forEach((_, i) => {
    state = (state * 48_271) % 0x7fff_ffff;
    tensor.data[i] = state / 0x4000_0000 - 1;
  });
  return tensor;
}
