/**
 * Weights of a package: `fp32` float32, `int8` 8 bits with a scale per row, `int4` 4-bit blocks in the decoder, `mixed`
 * 4-bit blocks for decoding and 8-bit rows for prefill (faster prefill, larger package).
 */
export type Precision = 'fp32' | 'int8' | 'int4' | 'mixed';

/** Sorted by accuracy, highest first. */
export const PRECISIONS = ['fp32', 'int8', 'mixed', 'int4'] as const satisfies readonly Precision[];

/** Storage of a weight matrix. */
export type WeightEncoding =
  | { readonly kind: 'float32' }
  /** int8 with a scale per output row; operator MatMulIntegerToFloat, activations quantized per row. */
  | { readonly kind: 'int8-rows' }
  /** Blocks along a row with a scale each; operator MatMulNBits. */
  | {
      readonly kind: 'blocks';
      readonly bits: 4 | 8;
      /** Values that share a scale. */
      readonly blockSize: number;
      /** `middle`: 2^(bits - 1) for all blocks. `stored`: one per block, from a checkpoint that has them. */
      readonly zeroPoints: 'middle' | 'stored';
      /** 4: the kernel quantizes activations to int8. */
      readonly accuracyLevel: 4;
    };

/** KV cache: float32, or int8 with a float32 scale per position and head. */
export type CacheEncoding = 'float32' | 'int8-rows';

/** Filters for resizing, with the names of Pillow. */
export const RESAMPLING_FILTERS = ['bilinear', 'bicubic', 'lanczos'] as const;

export type ResamplingFilter = (typeof RESAMPLING_FILTERS)[number];

/** Preprocessing of images, or of the frames of a video; all values are those of the checkpoint's processor. */
export interface ImageProcessorConfig {
  /** In pixels. */
  readonly tileSize: { readonly width: number; readonly height: number };
  readonly resample: ResamplingFilter;
  /** Per channel (red, green, blue), after rescaling. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Factor for pixel values (0 to 255) before normalization, usually 1/255. */
  readonly rescaleFactor: number;
}

/** Red, green and blue, 0 to 255. */
export type Color = readonly [number, number, number];

/** One tile per image, whose features are the visual tokens (`LlavaForConditionalGeneration`). */
export interface SingleTileLayout {
  readonly kind: 'single-tile';
  /** The image is first padded to a square of this color. `null`: it is not padded. */
  readonly paddingColor: Color | null;
  /**
   * Size in pixels to which the image is resized: of both sides, or of the shorter one, which keeps the aspect ratio.
   * The tile is the center of the result.
   */
  readonly resize: { readonly sides: 'both' | 'shortest'; readonly pixels: number };
}

/**
 * A base tile and a grid of tiles, each row of patches followed by the image newline
 * (`LlavaNextForConditionalGeneration`, `LlavaOnevisionForConditionalGeneration`).
 */
export interface AnyresLayout {
  readonly kind: 'anyres';
  /** Candidate image sizes in pixels, in the checkpoint's order; multiples of the tile size. */
  readonly imageGridPinpoints: readonly { readonly width: number; readonly height: number }[];
  /** The 9 of `anyres_max_9`: more tiles are downsampled to it. `null` for no limit (`anyres`, LLaVA-NeXT). */
  readonly maxTilesCap: number | null;
  /**
   * Each of several images of a request becomes one tile, padded to a square of this color. `null`: each is split into
   * a grid, as a single image is.
   */
  readonly severalImagesColor: Color | null;
}

/** How images become tiles, and the features of the tiles visual tokens. */
export type VisionLayout = SingleTileLayout | AnyresLayout;

/**
 * RoPE scaling for contexts longer than the trained one. Types and fields as in `modeling_rope_utils.py` of
 * transformers.
 */
export type RopeScaling =
  /** Positions are divided by the factor. */
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
      /** Multiplies cosines and sines. */
      readonly attentionFactor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the correction range is rounded to whole dimensions. */
      readonly truncate: boolean;
    }
  | {
      readonly type: 'longrope';
      /** Divisors of the frequencies, headDim / 2: the short factors of the checkpoint. */
      readonly factors: readonly number[];
      /** Multiplies cosines and sines. */
      readonly attentionFactor: number;
    };

/**
 * Generation settings of the checkpoint (`generation_config.json`), completed with the defaults of transformers'
 * `generate`. Requests may replace the first part; the second part is a property of the model.
 */
export interface GenerationDefaults {
  /** false: greedy decoding. */
  readonly doSample: boolean;
  readonly temperature: number;
  /** 0: no limit. */
  readonly topK: number;
  readonly topP: number;
  /** 0: no limit. */
  readonly minP: number;
  /** 1: no penalty. */
  readonly repetitionPenalty: number;
  /** Tokens before the end of an answer is allowed. */
  readonly minNewTokens: number;

  /** No sequence of this number of tokens occurs twice in prompt and answer; 0: no restriction. */
  readonly noRepeatNgramSize: number;
  /** Token ids that are never generated. */
  readonly suppressTokens: readonly number[];
  /** Token ids that do not start an answer. */
  readonly beginSuppressTokens: readonly number[];
  /** Sequences of token ids that are not generated. */
  readonly badWords: readonly (readonly number[])[];
  readonly stopStrings: readonly string[];
}

export interface FileRecord {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The Hugging Face repository and commit of a checkpoint. */
export interface HubSource {
  /** `OWNER/NAME`, for example `BSC-LT/salamandra-7b-vision`. */
  readonly repository: string;
  /** 40 lower-case hexadecimal digits. */
  readonly commit: string;
}

/** A LoRA adapter that was merged into the weights. */
export interface AdapterSource {
  /** Name of its folder. */
  readonly name: string;
  /** SHA-256 in hex of its files, as for checkpoints. */
  readonly revision: string;
}

/** Vision encoder and projector. */
export interface VisionManifest {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly patchesPerSide: number;
  /** Tokens of a tile inside the encoder: its patches, and a class token if there is one (CLIP). */
  readonly sequenceLength: number;
  /** Image features of a tile: `sequenceLength`, or one less if the first one is dropped. */
  readonly featuresPerTile: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly encoding: WeightEncoding;
  readonly layout: VisionLayout;
  readonly imageProcessor: ImageProcessorConfig;
  /** `null` if the model takes no videos. */
  readonly videoProcessor: ImageProcessorConfig | null;
  /** Token ids of the image and video placeholders in a prompt; `video` is `null` if the model takes no videos. */
  readonly tokens: { readonly image: number; readonly video: number | null };
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
  /** Logits are limited to cap * tanh(logit / cap), by `head.onnx` too; `null` for no limit. */
  readonly logitSoftcap: number | null;
  /** Weights of the layers in `decoder.onnx`. */
  readonly encoding: WeightEncoding;
  /** Weights of the output head in `head.onnx`. */
  readonly head: WeightEncoding;
  /**
   * File with the int8 rows of the output head, one per token: the head of `head.onnx` is 4-bit, and the logits of the
   * most likely tokens are recomputed from these rows. It is the embedding file if both are tied. `null` if `head.onnx`
   * is float32.
   */
  readonly headRows: string | null;
  /** Weights of `prefill.onnx`. `null` if `decoder.onnx` is used for prefill too. */
  readonly prefill: WeightEncoding | null;
  readonly cache: CacheEncoding;
}

/** One row per token, row-major, little-endian. */
export interface EmbeddingsManifest {
  readonly file: string;
  /** `int8`: a row is `columns` signed bytes followed by its float32 scale. */
  readonly dtype: 'float32' | 'int8';
  readonly rows: number;
  readonly columns: number;
  /** Factor of all values, 1 for most models. */
  readonly scale: number;
}

/** Content of `manifest.json` in a model package. */
export interface ModelManifest {
  readonly formatVersion: 5;
  readonly id: string;
  readonly source: {
    readonly architecture: string;
    readonly name: string;
    readonly licence: string;
    /** Hash of the checkpoint's files, and of the adapter's; see `computeRevision`. */
    readonly revision: string;
    /** `null` if no adapter was merged. */
    readonly adapter: AdapterSource | null;
    /** `null` if the checkpoint was a local folder. */
    readonly hub: HubSource | null;
  };
  readonly precision: Precision;
  /** `null` if the model has no vision encoder. */
  readonly vision: VisionManifest | null;
  readonly decoder: DecoderManifest;
  readonly tokens: {
    readonly bos: number | null;
    readonly eos: readonly number[];
    readonly pad: number | null;
  };
  readonly embeddings: EmbeddingsManifest;
  readonly generation: GenerationDefaults;
  /**
   * The languages of the model card and of the decoder family, as lower-case BCP 47 tags, sorted; they may include some
   * that the service does not have. `null` if the card names none.
   */
  readonly languages: readonly string[] | null;
  /** Sorted by name. */
  readonly files: Readonly<Record<string, FileRecord>>;
  /** SHA-256, in hex, of all fields above; see `sealManifest`. */
  readonly digest: string;
}

/** A manifest without its digest; see `sealManifest`. */
export type ManifestContent = Omit<ModelManifest, 'digest'>;

/**
 * Files of a package besides the manifest. Optional: `vision`, `visionWeights` (models with a vision encoder),
 * `imageNewline` (layout `anyres`), `prefill`, `prefillWeights` (precision `mixed`), `headRows` (quantized head that is
 * not tied to the embeddings), `chatTemplate` (if the checkpoint has one).
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

/** Limits in bytes for files that are loaded into memory as a whole; at least twice the largest known file. */
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
 * Values per scale in 4-bit blocks: hiddenSize / 16, rounded down to a power of two, between 32 and 128. Blocks of 128
 * instead of 64 make decode steps 10 % faster (batch of 8: 25 %) and the weight error 15 % larger; published 4-bit
 * checkpoints use 128. Narrow models get smaller blocks because fewer errors average out in a row.
 */
export function fourBitBlockSize(hiddenSize: number): number {
  const sixteenth = 2 ** Math.floor(Math.log2(hiddenSize / 16));
  return Math.min(128, Math.max(32, sixteenth));
}
