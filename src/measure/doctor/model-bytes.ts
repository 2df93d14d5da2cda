import { cacheBytesPerToken } from '../../decoder/kv-cache/cache-planes.js';
import type { ModelCosts } from '../../engine/vision-language-engine.js';
import {
  countParameters,
  type DecoderShape,
  decoderLayerWeights,
  type ModelShape,
  visionWeights,
} from '../../models/package/known-models.js';
import {
  fourBitBlockSize,
  PACKAGE_FILES,
  type ModelManifest,
  type Precision,
  type WeightEncoding,
} from '../../models/package/manifest.js';

/** Bytes of one weight. Norms, biases and the scales of rows, below 1 % of the weights, are left out. */
const FLOAT = 4;
const BYTE = 1;
const CHECKPOINT_WEIGHT = 2;
/** The float32 scale of an 8-bit row of a table. */
const SCALE = 4;

/** Tokenizer, graphs and manifest: 19 MB for the 256,000 tokens of Salamandra. */
const SMALL_FILES_BYTES = 25_000_000;
/** A shard of transformers. A checkpoint of one file can be larger. */
const SHARD_BYTES = 5_000_000_000;

/** What the weights of the graphs depend on. */
interface GraphWeights {
  readonly decoder: Omit<DecoderShape, 'outputHead' | 'maxPositions'>;
  /** Number of weights of vision encoder and projector. */
  readonly vision: number;
}

/** Bytes of the weights of all graphs in a precision. */
function graphBytes({ decoder, vision }: GraphWeights, precision: Precision): number {
  const layers = decoder.layers * decoderLayerWeights(decoder);
  const head = decoder.vocabularySize * decoder.hiddenSize;
  const fourBits = bytesPerFourBits(decoder.hiddenSize);
  switch (precision) {
    case 'fp32':
      return FLOAT * (vision + layers + head);
    case 'int8':
      return BYTE * (vision + layers) + fourBits * head;
    case 'int4':
      return BYTE * vision + fourBits * (layers + head);
    case 'mixed':
      return BYTE * (vision + layers) + fourBits * (layers + head);
  }
}

/** Bytes that a decode step reads: the layers and the output head. */
export function stepBytes({ decoder }: ModelShape, precision: Precision): number {
  const layers = precision === 'mixed' ? 'int4' : precision;
  return graphBytes({ decoder, vision: 0 }, layers);
}

/** Disk space and download of a model, in bytes. */
export interface ModelFootprint {
  /** The package. */
  readonly packageBytes: number;
  /** The checkpoint, with weights of 16 bits. */
  readonly downloadBytes: number;
  /** During `pull`: the package and the largest shard. */
  readonly pullBytes: number;
  /** Weights in the memory of the service: the graphs, and the rows of the output head. */
  readonly weightBytes: number;
  readonly cacheBytesPerToken: number;
}

/** Sizes of a model in a precision, from its shape. */
export function modelFootprint(shape: ModelShape, precision: Precision): ModelFootprint {
  const { decoder } = shape;
  const graphs = graphBytes({ decoder, vision: visionWeights(shape) }, precision);
  const isExact = precision === 'fp32';
  const table =
    decoder.vocabularySize * (isExact ? FLOAT * decoder.hiddenSize : decoder.hiddenSize + SCALE);
  // The rows of the output head are needed to rescore its 4-bit logits; a tied head shares the embedding table.
  const headRows = isExact || decoder.outputHead === 'embeddings' ? 0 : table;
  const packageBytes = graphs + table + headRows + SMALL_FILES_BYTES;
  const downloadBytes = CHECKPOINT_WEIGHT * countParameters(shape);
  return {
    packageBytes,
    downloadBytes,
    pullBytes: packageBytes + Math.min(SHARD_BYTES, downloadBytes),
    weightBytes: graphs + (isExact ? 0 : table),
    cacheBytesPerToken: projectedCacheBytes(decoder, precision),
  };
}

/** Projects the bytes of a model's weights to another precision, from the manifest of one of its packages. */
export function projectWeights(manifest: ModelManifest, precision: Precision): number {
  const { vision, decoder, files } = manifest;
  // The manifest has no MLP width of the vision encoder, so its weights are counted by the size of their file.
  const visionBytes = files[PACKAGE_FILES.visionWeights]?.bytes ?? 0;
  const weights = vision ? visionBytes / bytesPerWeight(vision.encoding) : 0;
  return graphBytes({ decoder, vision: weights }, precision);
}

/** Projects the inputs of `estimateMemory` to another precision. */
export function projectCosts(
  manifest: ModelManifest,
  precision: Precision,
): Pick<ModelCosts, 'weightBytes' | 'cacheBytesPerToken'> {
  return {
    weightBytes: projectWeights(manifest, precision),
    cacheBytesPerToken: projectedCacheBytes(manifest.decoder, precision),
  };
}

function projectedCacheBytes(
  decoder: Pick<DecoderShape, 'layers' | 'keyValueHeads' | 'headDim'>,
  precision: Precision,
): number {
  return cacheBytesPerToken({ ...decoder, cache: precision === 'fp32' ? 'float32' : 'int8-rows' });
}

function bytesPerFourBits(hiddenSize: number): number {
  return 0.5 + FLOAT / fourBitBlockSize(hiddenSize);
}

function bytesPerWeight(encoding: WeightEncoding): number {
  switch (encoding.kind) {
    case 'float32':
      return FLOAT;
    case 'int8-rows':
      return BYTE;
    case 'blocks':
      return encoding.bits / 8 + FLOAT / encoding.blockSize;
  }
}
