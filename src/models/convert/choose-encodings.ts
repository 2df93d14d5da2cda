import { fourBitBlockSize } from '../package/four-bit-blocks.js';
import type {
  CacheEncoding,
  EmbeddingsManifest,
  Precision,
  WeightEncoding,
} from '../package/manifest.js';
import type { Architecture } from './architecture.js';

/** How the parts of a package are stored. */
export interface Encodings {
  readonly vision: WeightEncoding;
  readonly decoder: WeightEncoding;
  readonly head: WeightEncoding;
  /** `rescored`: the head's rows are kept a second time in eight bits, for the likeliest tokens. */
  readonly headRows: 'rescored' | 'exact';
  readonly cache: CacheEncoding;
  /** Null: there is no graph of its own for prompts. */
  readonly prefill: WeightEncoding | null;
  readonly embeddings: EmbeddingsManifest['dtype'];
}

const FLOAT32: WeightEncoding = { kind: 'float32' };
const INT8_ROWS: WeightEncoding = { kind: 'int8-rows' };

/**
 * What a precision means for each part. A checkpoint that comes in four bits keeps its own groups, so that
 * nothing is rounded a second time.
 */
export function chooseEncodings(
  precision: Precision,
  { quantization, decoder: { hiddenSize } }: Architecture,
): Encodings {
  if (precision === 'fp32') {
    return {
      ...{ vision: FLOAT32, decoder: FLOAT32, head: FLOAT32, prefill: null },
      ...{ headRows: 'exact', cache: 'float32', embeddings: 'float32' },
    };
  }
  const fourBits = (blockSize: number): WeightEncoding => ({
    ...{ kind: 'blocks', bits: 4, blockSize, accuracyLevel: 4 },
  });
  const blockSize = fourBitBlockSize(hiddenSize);
  return {
    vision: INT8_ROWS,
    decoder:
      precision === 'int8'
        ? INT8_ROWS
        : fourBits(quantization.kind === 'gptq' ? quantization.groupSize : blockSize),
    // Half the bytes of every step that eight bits would take; the likeliest tokens are scored again, so that long blocks do.
    head: fourBits(2 * blockSize),
    headRows: 'rescored',
    prefill: precision === 'mixed' ? INT8_ROWS : null,
    cache: 'int8-rows',
    embeddings: 'int8',
  };
}
