import type { Precision } from '../../../src/models/package/manifest.js';
import {
  type CheckpointShape,
  type DecoderShape,
  embeddingRows,
  SHAPES,
} from '../../hub/synthetic-shapes.js';

/**
 * `2b` is the published text model with the vision encoder of the published 7B vision-language model; `so400m` is that
 * encoder alone.
 */
export type BenchShape = 'demo' | '2b' | '7b' | 'so400m';

/** A model file or folder of a measurement. */
export type BenchModel =
  | { readonly format: 'package'; readonly shape: BenchShape; readonly precision: Precision }
  | { readonly format: 'gguf'; readonly shape: BenchShape }
  | { readonly format: 'onnx-export'; readonly shape: BenchShape };

/** Small shards, since conversion stores one shard at a time. */
const SHARD_BYTES = 1_000_000_000;

const TOWER = SHAPES['7b-vision'].vision;

/** models/demo/config.json. */
const DEMO_DECODER: DecoderShape = {
  hidden: 256,
  layers: 6,
  heads: 8,
  keyValueHeads: 2,
  headDim: 32,
  wide: 688,
  positions: 1024,
  epsilon: 1e-6,
};
const DEMO_VOCABULARY = 9_216;

/** A minimal decoder after the projector, which has the width of the 7B model. */
const HARDLY_A_DECODER: DecoderShape = {
  ...SHAPES['7b'].decoder,
  layers: 1,
  heads: 4,
  keyValueHeads: 4,
  headDim: 64,
  wide: 256,
};

/** Checkpoints with random weights; the demo model has its own. */
export const RANDOM_CHECKPOINTS: Readonly<Record<Exclude<BenchShape, 'demo'>, CheckpointShape>> = {
  '2b': { ...SHAPES['2b'], vision: TOWER, shardBytes: SHARD_BYTES },
  '7b': { ...SHAPES['7b'], shardBytes: SHARD_BYTES },
  so400m: {
    ...SHAPES['7b-vision'],
    pieces: 2_048,
    decoder: HARDLY_A_DECODER,
    shardBytes: SHARD_BYTES,
  },
};

/** Decoder and vocabulary of a shape, the same for the service and its peers. */
export function decoderOf(shape: BenchShape): {
  readonly decoder: DecoderShape;
  readonly vocabulary: number;
} {
  if (shape === 'demo') return { decoder: DEMO_DECODER, vocabulary: DEMO_VOCABULARY };
  const checkpoint = RANDOM_CHECKPOINTS[shape];
  return { decoder: checkpoint.decoder, vocabulary: embeddingRows(checkpoint) };
}

/** Multiply-adds per prompt position: the matrices of all layers, and attention to half of the prompt. */
export function multiplyAddsPerToken(shape: BenchShape, promptTokens: number): number {
  const { hidden, layers, heads, keyValueHeads, headDim, wide } = decoderOf(shape).decoder;
  const matrices = 2 * hidden * headDim * (heads + keyValueHeads) + 3 * hidden * wide;
  const attention = 2 * heads * headDim * (promptTokens / 2);
  return layers * (matrices + attention);
}
