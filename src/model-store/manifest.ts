/** Weights as float32, or matrix products with int8 weights and one activation scale a row. */
export type Precision = 'fp32' | 'int8';

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

/** How rotary positions are stretched: linear divides every position by the factor. */
export interface RopeScaling {
  readonly type: 'linear';
  readonly factor: number;
}

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

/** What `manifest.json` of a model package says. */
export interface ModelManifest {
  readonly formatVersion: 1;
  readonly id: string;
  readonly source: {
    readonly architecture: string;
    /** SHA-256 over the names and hashes of the checkpoint's files. */
    readonly revision: string;
    readonly licence: string;
    readonly name: string;
  };
  readonly precision: Precision;
  readonly vision: {
    readonly imageSize: number;
    readonly patchSize: number;
    readonly patchesPerSide: number;
    readonly hiddenSize: number;
    readonly layers: number;
  };
  readonly decoder: {
    readonly hiddenSize: number;
    readonly layers: number;
    readonly attentionHeads: number;
    readonly keyValueHeads: number;
    readonly headDim: number;
    readonly vocabularySize: number;
    readonly maxPositions: number;
    readonly ropeTheta: number;
    readonly ropeScaling: RopeScaling | null;
  };
  readonly tokens: {
    readonly bos: number | null;
    readonly eos: readonly number[];
    readonly pad: number | null;
    readonly image: number;
    readonly video: number;
  };
  /** One row a token, row-major, little-endian. */
  readonly embeddings: {
    readonly file: string;
    readonly dtype: 'float32' | 'float16';
    readonly rows: number;
    readonly columns: number;
  };
  readonly imageProcessor: ImageProcessorConfig;
  readonly generation: GenerationDefaults;
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** The files of every package. The manifest itself is not among them: it lists them. */
export const PACKAGE_FILES = {
  vision: 'vision.onnx',
  visionWeights: 'vision.onnx.data',
  decoder: 'decoder.onnx',
  decoderWeights: 'decoder.onnx.data',
  tokenEmbeddings: 'token-embeddings.bin',
  imageNewline: 'image-newline.bin',
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  chatTemplate: 'chat_template.jinja',
} as const;

export const MANIFEST_FILE = 'manifest.json';
