import { type FloatTensor, createTensor } from '../../tensor/tensor.js';
import { computeRopeFrequencies, type RopeConfig } from './rope-frequencies.js';

/** Cosines and sines of the rotary angles of positions 0, 1, 2, ... */
export interface RopeTable {
  readonly cos: FloatTensor; // [positions, headDim / 2]
  readonly sin: FloatTensor; // [positions, headDim / 2]
}

const SMALLEST_TABLE = 256;

/**
 * Returns a function that provides a table of at least the given number of positions. The table doubles on demand, so
 * that a long context window costs memory only when it is used.
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

/** Rounds to float32 in the same places as `LlamaRotaryEmbedding` in Hugging Face transformers. */
function computeRopeTable(config: RopeConfig, positions: number): RopeTable {
  const { frequencies, attentionFactor } = computeRopeFrequencies(config);
  const half = frequencies.length;
  const cos = createTensor([positions, half]);
  const sin = createTensor([positions, half]);
  for (const [i, frequency] of frequencies.entries()) {
    for (let position = 0; position < positions; position++) {
      const angle = Math.fround(frequency * position);
      cos.data[position * half + i] = Math.fround(Math.cos(angle)) * attentionFactor;
      sin.data[position * half + i] = Math.fround(Math.sin(angle)) * attentionFactor;
    }
  }
  return { cos, sin };
}
