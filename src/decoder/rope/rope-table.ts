import { type FloatTensor, createTensor } from '../../tensor/tensor.js';
import { computeRopeFrequencies, type RopeConfig } from './rope-frequencies.js';

/** Cosines and sines of the rotary positions 0, 1, 2, ... */
export interface RopeTable {
  readonly cos: FloatTensor; // [positions, headDim / 2]
  readonly sin: FloatTensor; // [positions, headDim / 2]
}

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

/** Rounds to float32 where `LlamaRotaryEmbedding` of Hugging Face transformers does. */
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
