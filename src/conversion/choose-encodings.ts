import type { EmbeddingsManifest, Precision, WeightEncoding } from '../model-store/manifest.js';
import type { CheckpointQuantization } from './architecture.js';

/** How the parts of a package are stored. */
export interface Encodings {
  readonly vision: WeightEncoding;
  readonly decoder: WeightEncoding;
  readonly head: WeightEncoding;
  /** Null: there is no graph of its own for prompts. */
  readonly prefill: WeightEncoding | null;
  readonly embeddings: EmbeddingsManifest['dtype'];
}

const FLOAT32: WeightEncoding = { kind: 'float32' };
const INT8_ROWS: WeightEncoding = { kind: 'int8-rows' };

/** Values that share a scale in four bits. */
const BLOCK_SIZE = 64;

/**
 * What a precision means for each part. A checkpoint that comes in four bits keeps its own groups, so that
 * nothing is rounded a second time.
 */
export function chooseEncodings(
  precision: Precision,
  quantization: CheckpointQuantization,
): Encodings {
  if (precision === 'fp32') {
    const all = FLOAT32;
    return { vision: all, decoder: all, head: all, prefill: null, embeddings: 'float32' };
  }
  if (precision === 'int8') {
    const all = INT8_ROWS;
    return { vision: all, decoder: all, head: all, prefill: null, embeddings: 'int8' };
  }
  const groupSize = quantization.kind === 'gptq' ? quantization.groupSize : BLOCK_SIZE;
  return {
    vision: INT8_ROWS,
    decoder: { kind: 'blocks', bits: 4, blockSize: groupSize, accuracyLevel: 4 },
    head: { kind: 'blocks', bits: 8, blockSize: BLOCK_SIZE, accuracyLevel: 4 },
    prefill: precision === 'mixed' ? INT8_ROWS : null,
    embeddings: 'int8',
  };
}
