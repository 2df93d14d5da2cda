import type { ModelManifest } from '../model-store/manifest.js';
import type { FloatTensor } from '../tensor/tensor.js';
import { createTensor } from '../tensor/tensor.js';

/** Cosines and sines of the rotary positions 0, 1, 2, ... */
export interface RopeTable {
  readonly cos: FloatTensor; // [positions, headDim / 2]
  readonly sin: FloatTensor; // [positions, headDim / 2]
}

type RopeConfig = Pick<ModelManifest['decoder'], 'headDim' | 'ropeTheta' | 'ropeScaling'>;

const SMALLEST_TABLE = 256;

/**
 * A source of tables that hold at least the positions asked for. A table doubles when it is too short, so that a
 * decoder with a long context costs memory only once it is used.
 */
export function createRopeTables(config: RopeConfig): (positions: number) => RopeTable {
  let table = computeRopeTable(config, SMALLEST_TABLE);
  return (positions) => {
    let rows = table.cos.shape[0] ?? 0;
    if (positions > rows) {
      while (rows < positions) rows *= 2;
      table = computeRopeTable(config, rows);
    }
    return table;
  };
}

/**
 * Rounds to float32 where `LlamaRotaryEmbedding` of Hugging Face transformers does: at position 8,000 the rounding of
 * the angle shows in the fourth decimal.
 */
function computeRopeTable(
  { headDim, ropeTheta, ropeScaling }: RopeConfig,
  positions: number,
): RopeTable {
  const half = headDim / 2;
  const stretch = ropeScaling?.factor ?? 1;
  const cos = createTensor([positions, half]);
  const sin = createTensor([positions, half]);
  for (let i = 0; i < half; i++) {
    const power = Math.fround(ropeTheta ** Math.fround((2 * i) / headDim));
    const frequency = Math.fround(Math.fround(1 / power) / stretch);
    for (let position = 0; position < positions; position++) {
      const angle = Math.fround(frequency * position);
      cos.data[position * half + i] = Math.cos(angle);
      sin.data[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
