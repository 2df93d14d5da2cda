/**
 * What a package trades for size: `fp32` nothing; `int8` rows of eight bits; `int4` blocks of four bits in the
 * decoder; `mixed` those for decoding and rows of eight bits for reading prompts, which is faster and larger.
 */
export type Precision = 'fp32' | 'int8' | 'int4' | 'mixed';

/** From the most to the least exact. */
export const PRECISIONS = ['fp32', 'int8', 'mixed', 'int4'] as const satisfies readonly Precision[];

/** How a matrix is stored: float32; eight bits a row of the checkpoint; or blocks along a row with a scale each. */
export type WeightEncoding =
  | { readonly kind: 'float32' }
  /** MatMulIntegerToFloat, with one activation scale a row. */
  | { readonly kind: 'int8-rows' }
  /** MatMulNBits. */
  | {
      readonly kind: 'blocks';
      readonly bits: 4 | 8;
      /** Values that share a scale. */
      readonly blockSize: number;
      /** Activations are quantised to eight bits. */
      readonly accuracyLevel: 4;
    };

/** How keys and values are kept: float32; or bytes with a float32 scale for each position and head. */
export type CacheEncoding = 'float32' | 'int8-rows';

/** How pictures become tiles; every figure comes from the checkpoint's processor. */
export interface ImageProcessorConfig {
  /** Pixels of one tile. */
  readonly tileSize: { readonly width: number; readonly height: number };
  /** Per channel (red, green, blue), after rescaling. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** What a byte is multiplied with before normalisation, 1/255 as a rule. */
  readonly rescaleFactor: number;
  /** Candidate sizes in the checkpoint's order; each is a whole number of tiles both ways. */
  readonly imageGridPinpoints: readonly { readonly width: number; readonly height: number }[];
  /** The 9 of `anyres_max_9`: above it packed features are shrunk. Null: never. */
  readonly maxTilesCap: number | null;
}

/** How rotary positions are stretched beyond those trained with; the names are those of transformers. */
export type RopeScaling =
  /** Every position is divided by the factor. */
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalMaxPositions: number;
      /** What cosines and sines are multiplied with. */
      readonly attentionFactor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the corrected range ends on whole dimensions. */
      readonly truncate: boolean;
    };

/** Defaults the checkpoint asks for; a field it leaves out is absent. */
export interface GenerationDefaults {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly repetitionPenalty?: number;
  readonly doSample?: boolean;
}

export interface FileRecord {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Where a checkpoint was fetched. */
export interface HubSource {
  /** Owner and name, as in `BSC-LT/salamandra-7b-vision`. */
  readonly repository: string;
  /** 40 digits of lower-case hex. */
  readonly commit: string;
}

/** The tower and projector of a model that sees. */
export interface VisionManifest {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly patchesPerSide: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly encoding: WeightEncoding;
  readonly imageProcessor: ImageProcessorConfig;
  /** The placeholders in a prompt. */
  readonly tokens: { readonly image: number; readonly video: number };
}

export interface DecoderManifest {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly vocabularySize: number;
  readonly maxPositions: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  /** Of the layers' matrices in `decoder.onnx`. */
  readonly encoding: WeightEncoding;
  /** Of the output projection in `head.onnx`. */
  readonly head: WeightEncoding;
  /**
   * The output projection once more, a row a token as in the table of embeddings, which it may be: the likeliest tokens are
   * scored again with it. Null: `head.onnx` is exact.
   */
  readonly headRows: string | null;
  /** Of `prefill.onnx`. Null: `decoder.onnx` reads prompts too. */
  readonly prefill: WeightEncoding | null;
  readonly cache: CacheEncoding;
}

/** One row a token, row-major, little-endian. */
export interface EmbeddingsManifest {
  readonly file: string;
  /** `int8`: a row is `columns` signed bytes and then the float32 that they are multiplied with. */
  readonly dtype: 'float32' | 'int8';
  readonly rows: number;
  readonly columns: number;
}

/** What `manifest.json` of a model package says. */
export interface ModelManifest {
  readonly formatVersion: 4;
  readonly id: string;
  readonly source: {
    readonly architecture: string;
    readonly name: string;
    readonly licence: string;
    /** SHA-256 over the names and hashes of the checkpoint's files. */
    readonly revision: string;
    /** Null: converted from a folder. */
    readonly hub: HubSource | null;
  };
  readonly precision: Precision;
  /** Null: the model reads text alone. */
  readonly vision: VisionManifest | null;
  readonly decoder: DecoderManifest;
  readonly tokens: {
    readonly bos: number | null;
    readonly eos: readonly number[];
    readonly pad: number | null;
  };
  readonly embeddings: EmbeddingsManifest;
  readonly generation: GenerationDefaults;
  /** In the order of their names. */
  readonly files: Readonly<Record<string, FileRecord>>;
  /** SHA-256, in hex, of everything above: see `sealManifest`. */
  readonly digest: string;
}

/** A manifest before `sealManifest`. */
export type ManifestContent = Omit<ModelManifest, 'digest'>;

/**
 * Every file that a package may hold beside its manifest, which lists them. `vision`, `visionWeights` and
 * `imageNewline` are there when the model sees, `prefill` and `prefillWeights` in mixed precision,
 * `headRows` when the head is rounded and not the table of embeddings, and `chatTemplate` when the checkpoint has one; the
 * others always.
 */
export const PACKAGE_FILES = {
  vision: 'vision.onnx',
  visionWeights: 'vision.onnx.data',
  decoder: 'decoder.onnx',
  decoderWeights: 'decoder.onnx.data',
  prefill: 'prefill.onnx',
  prefillWeights: 'prefill.onnx.data',
  head: 'head.onnx',
  headWeights: 'head.onnx.data',
  headRows: 'head-rows.bin',
  tokenEmbeddings: 'token-embeddings.bin',
  imageNewline: 'image-newline.bin',
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  chatTemplate: 'chat_template.jinja',
} as const;

/** Limits, in bytes, of the files that are read into memory as a whole; the largest known are half of them at most. */
export const MAX_FILE_BYTES = {
  vision: 64 << 20,
  decoder: 64 << 20,
  prefill: 64 << 20,
  head: 1 << 20,
  tokenizer: 80 << 20,
  tokenizerConfig: 4 << 20,
  chatTemplate: 256 << 10,
} as const satisfies Partial<Record<keyof typeof PACKAGE_FILES, number>>;

export const MANIFEST_FILE = 'manifest.json';

/**
 * Values that share a scale in four bits: a sixteenth of a row. From 64 to 128, steps take a tenth less time alone and a
 * quarter less for eight, and weights err by 15 % more; that is what published checkpoints in four bits have. Narrow models
 * have fewer values over which such errors average out.
 */
export function fourBitBlockSize(hiddenSize: number): number {
  const sixteenth = 2 ** Math.floor(Math.log2(hiddenSize / 16));
  return Math.min(128, Math.max(32, sixteenth));
}
