import type { Precision } from '../../../src/models/package/manifest.js';
import {
  type CheckpointShape,
  type DecoderShape,
  embeddingRows,
  SHAPES,
  type VisionShape,
} from '../../hub/synthetic-shapes.js';

/**
 * `2b` is the published text model with the vision encoder of the published 7B vision-language model, `7b` that model
 * itself, `0.5b` LLaVA-OneVision with Qwen2-0.5B. `2.8b` has the layout and the size of Villanova-2B-VL; its model card
 * states only the sum, so the sizes of its decoder are an assumption. `so400m` and `giant` are vision encoders alone:
 * SigLIP so400m/14 and SigLIP 2 giant-opt/16, both at 384 pixels.
 */
export type BenchShape = 'demo' | '0.5b' | '2b' | '2.8b' | '7b' | TowerShape;

export type TowerShape = 'so400m' | 'giant';

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
  family: 'llama',
  head: 'own',
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

const TOWER_ALONE: CheckpointShape = {
  ...SHAPES['7b-vision'],
  pieces: 2_048,
  decoder: HARDLY_A_DECODER,
  shardBytes: SHARD_BYTES,
};

/** Qwen2-0.5B. */
const QWEN2_DECODER: DecoderShape = {
  family: 'qwen2',
  head: 'embeddings',
  hidden: 896,
  layers: 24,
  heads: 14,
  keyValueHeads: 2,
  headDim: 64,
  wide: 4_864,
  positions: 32_768,
  epsilon: 1e-6,
};
const APPENDED_ROWS = 64;
const QWEN2_VOCABULARY = 151_936;

const DECODER_2_8B: DecoderShape = {
  ...SHAPES['2b'].decoder,
  layers: 28,
  keyValueHeads: 8,
  wide: 8_192,
};

const SIGLIP2_GIANT: VisionShape = {
  hidden: 1_536,
  layers: 40,
  heads: 16,
  wide: 6_144,
  image: 384,
  patch: 16,
};

/** Checkpoints with random weights; the demo model has its own. */
export const RANDOM_CHECKPOINTS: Readonly<Record<Exclude<BenchShape, 'demo'>, CheckpointShape>> = {
  '2b': { ...SHAPES['2b'], vision: TOWER, shardBytes: SHARD_BYTES },
  '7b': { ...SHAPES['7b-vision'], shardBytes: SHARD_BYTES },
  '0.5b': {
    ...SHAPES['7b-vision'],
    decoder: QWEN2_DECODER,
    pieces: QWEN2_VOCABULARY - APPENDED_ROWS,
    shardBytes: SHARD_BYTES,
  },
  '2.8b': {
    ...SHAPES['7b-vision'],
    layout: 'llava',
    decoder: DECODER_2_8B,
    pieces: 151_936,
    shardBytes: SHARD_BYTES,
  },
  so400m: TOWER_ALONE,
  giant: { ...TOWER_ALONE, vision: SIGLIP2_GIANT },
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
