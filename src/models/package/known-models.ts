/** Sizes of a model that decide its speed, its memory and its disk space. */
export interface ModelShape {
  readonly decoder: DecoderShape;
  /** `null` for a text-only model. */
  readonly vision: VisionShape | null;
}

export interface DecoderShape {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly vocabularySize: number;
  /** `embeddings`: the output head is tied to the token embeddings. */
  readonly outputHead: 'own' | 'embeddings';
  /** Context window in tokens. */
  readonly maxPositions: number;
}

/** Vision encoder and projector (two layers, as wide as the decoder). */
export interface VisionShape {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  /** Patches of a tile. */
  readonly patches: number;
  /** Tiles and visual tokens of a photograph of 1600 x 1200 pixels at detail `auto`. */
  readonly photograph: { readonly tiles: number; readonly visualTokens: number };
}

/** A published model that `pull` knows by a short name. */
export interface KnownModel {
  /** Short name. */
  readonly name: string;
  /** `OWNER/NAME` on the hub. */
  readonly repository: string;
  /** `chat` follows instructions; `base` continues a text. */
  readonly use: 'chat' | 'base';
  /** Scheme by which an image becomes tiles and visual tokens: the `model_type` in transformers; `text` for none. */
  readonly layout: 'llava' | 'llava_next' | 'llava_onevision' | 'text';
  /** Languages as in the manifest: BCP 47 tags, null for all 35. */
  readonly languages: readonly string[] | null;
  /** License id on the model card; `unknown` if it could not be read. */
  readonly licence: string;
  readonly access: 'open' | 'gated';
  readonly shape: ModelShape;
  /** `estimated`: `config.json` could not be read, so the shape follows from what is published about the model. */
  readonly shapeSource: 'published' | 'estimated';
}

const SALAMANDRA_2B: DecoderShape = {
  ...{ hiddenSize: 2048, layers: 24, attentionHeads: 16, keyValueHeads: 16, headDim: 128 },
  ...{ intermediateSize: 5440, vocabularySize: 256_000, outputHead: 'own', maxPositions: 8192 },
};
const SALAMANDRA_7B: DecoderShape = {
  ...{ hiddenSize: 4096, layers: 32, attentionHeads: 32, keyValueHeads: 8, headDim: 128 },
  ...{ intermediateSize: 11_008, vocabularySize: 256_000, outputHead: 'own', maxPositions: 8192 },
};
const ALIA_40B: DecoderShape = {
  ...{ hiddenSize: 8192, layers: 48, attentionHeads: 64, keyValueHeads: 8, headDim: 128 },
  ...{ intermediateSize: 24_576, vocabularySize: 256_000, outputHead: 'own', maxPositions: 4096 },
};
const QWEN2_05B: DecoderShape = {
  ...{ hiddenSize: 896, layers: 24, attentionHeads: 14, keyValueHeads: 2, headDim: 64 },
  ...{ intermediateSize: 4864, vocabularySize: 152_000, outputHead: 'embeddings' },
  maxPositions: 32_768,
};
const QWEN2_7B: DecoderShape = {
  ...{ hiddenSize: 3584, layers: 28, attentionHeads: 28, keyValueHeads: 4, headDim: 128 },
  ...{ intermediateSize: 18_944, vocabularySize: 152_128, outputHead: 'own', maxPositions: 32_768 },
};
const EUROLLM_17B: DecoderShape = {
  ...{ hiddenSize: 2048, layers: 24, attentionHeads: 16, keyValueHeads: 8, headDim: 128 },
  ...{ intermediateSize: 5632, vocabularySize: 128_000, outputHead: 'own', maxPositions: 4096 },
};
const EUROLLM_9B: DecoderShape = {
  ...{ hiddenSize: 4096, layers: 42, attentionHeads: 32, keyValueHeads: 8, headDim: 128 },
  ...{ intermediateSize: 12_288, vocabularySize: 128_000, outputHead: 'own', maxPositions: 4096 },
};
/** Estimated from the number of parameters (2.79 billion with the vision encoder) and the context window. */
const VILLANOVA_2B: DecoderShape = {
  ...{ hiddenSize: 2048, layers: 32, attentionHeads: 16, keyValueHeads: 8, headDim: 128 },
  ...{ intermediateSize: 7168, vocabularySize: 128_000, outputHead: 'own', maxPositions: 32_768 },
};

/** SigLIP so400m with patches of 14 pixels in tiles of 384, up to the layer before the last one. */
const SO400M = { hiddenSize: 1152, intermediateSize: 4304, layers: 26, patches: 729 } as const;
/** SigLIP 2 giant with patches of 16 pixels in tiles of 384. */
const GIANT = { hiddenSize: 1536, intermediateSize: 6144, layers: 40, patches: 576 } as const;

/** 35 languages, of which 29 are languages of the service. */
const EUROLLM_LANGUAGES =
  'ar bg ca cs da de el en es et fi fr ga gl hi hr hu it ja ko lt lv mt nl no pl pt ro ru sk sl sv tr uk zh'.split(
    ' ',
  );
/** Languages of Qwen2 that the service has; the card of LLaVA-OneVision names English and Chinese. */
const QWEN2_LANGUAGES = 'cs de en es fr it nl pl pt ru'.split(' ');

const APACHE = { licence: 'apache-2.0', access: 'open' } as const;
const SALAMANDRA = { ...APACHE, layout: 'text', languages: null } as const;
const CHAT = { ...SALAMANDRA, use: 'chat', shapeSource: 'published' } as const;
const BASE = { ...SALAMANDRA, use: 'base', shapeSource: 'published' } as const;

/** Models with a vision encoder first, by size. A size alone is the instruction-tuned model. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    name: 'llava-onevision-0.5b',
    repository: 'llava-hf/llava-onevision-qwen2-0.5b-ov-hf',
    ...{ ...APACHE, use: 'chat', layout: 'llava_onevision', languages: QWEN2_LANGUAGES },
    shape: {
      decoder: QWEN2_05B,
      vision: { ...SO400M, photograph: { tiles: 5, visualTokens: 2929 } },
    },
    shapeSource: 'published',
  },
  {
    name: 'eurovlm-1.7b',
    repository: 'utter-project/EuroVLM-1.7B-Preview',
    ...{ ...APACHE, use: 'chat', layout: 'llava_next', languages: EUROLLM_LANGUAGES },
    shape: {
      decoder: EUROLLM_17B,
      vision: { ...SO400M, photograph: { tiles: 5, visualTokens: 2929 } },
    },
    shapeSource: 'estimated',
  },
  {
    name: 'villanova-2b-vl',
    repository: 'VillanovaAI/Villanova-2B-VL-2603',
    ...{ ...APACHE, use: 'chat', layout: 'llava', languages: ['de', 'en', 'es', 'fr', 'it'] },
    shape: {
      decoder: VILLANOVA_2B,
      vision: { ...SO400M, photograph: { tiles: 1, visualTokens: 729 } },
    },
    shapeSource: 'estimated',
  },
  {
    name: 'llava-onevision-7b',
    repository: 'llava-hf/llava-onevision-qwen2-7b-ov-hf',
    ...{ ...APACHE, use: 'chat', layout: 'llava_onevision', languages: QWEN2_LANGUAGES },
    shape: {
      decoder: QWEN2_7B,
      vision: { ...SO400M, photograph: { tiles: 5, visualTokens: 2929 } },
    },
    shapeSource: 'published',
  },
  {
    name: '7b-vision',
    repository: 'BSC-LT/salamandra-7b-vision',
    ...{ ...CHAT, layout: 'llava_onevision' },
    shape: {
      decoder: SALAMANDRA_7B,
      vision: { ...SO400M, photograph: { tiles: 5, visualTokens: 2929 } },
    },
    shapeSource: 'estimated',
  },
  {
    name: 'vl-7b',
    repository: 'BSC-LT/Salamandra-VL-7B-2512',
    ...{ ...CHAT, layout: 'llava_onevision', licence: 'unknown', access: 'gated' },
    shape: {
      decoder: SALAMANDRA_7B,
      vision: { ...GIANT, photograph: { tiles: 5, visualTokens: 2340 } },
    },
    shapeSource: 'estimated',
  },
  {
    name: 'eurovlm-9b',
    repository: 'utter-project/EuroVLM-9B-Preview',
    ...{ ...APACHE, use: 'chat', layout: 'llava_next', languages: EUROLLM_LANGUAGES },
    shape: {
      decoder: EUROLLM_9B,
      vision: { ...SO400M, photograph: { tiles: 5, visualTokens: 2929 } },
    },
    shapeSource: 'estimated',
  },
  {
    name: '2b',
    repository: 'BSC-LT/salamandra-2b-instruct',
    ...{ ...CHAT, shape: { decoder: SALAMANDRA_2B, vision: null } },
  },
  {
    name: '7b',
    repository: 'BSC-LT/salamandra-7b-instruct',
    ...{ ...CHAT, shape: { decoder: SALAMANDRA_7B, vision: null } },
  },
  {
    name: '40b',
    repository: 'BSC-LT/ALIA-40b-instruct',
    ...{ ...CHAT, shape: { decoder: ALIA_40B, vision: null } },
  },
  {
    name: '2b-base',
    repository: 'BSC-LT/salamandra-2b',
    ...{ ...BASE, shape: { decoder: SALAMANDRA_2B, vision: null } },
  },
  {
    name: '7b-base',
    repository: 'BSC-LT/salamandra-7b',
    ...{ ...BASE, shape: { decoder: SALAMANDRA_7B, vision: null } },
  },
  {
    name: '40b-base',
    repository: 'BSC-LT/ALIA-40b',
    ...{ ...BASE, shape: { decoder: ALIA_40B, vision: null } },
  },
];

/** Finds a model by its short name, in any case. */
export function findKnownModel(name: string): KnownModel | undefined {
  return KNOWN_MODELS.find((model) => model.name === name.toLowerCase());
}

/** Number of weights in the matrices of a model; norms and biases, about 0.1 %, are left out. */
export function countParameters(shape: ModelShape): number {
  const { decoder } = shape;
  const tables = decoder.outputHead === 'own' ? 2 : 1;
  return (
    decoder.layers * decoderLayerWeights(decoder) +
    tables * decoder.vocabularySize * decoder.hiddenSize +
    visionWeights(shape)
  );
}

/** Weights of a decoder layer: attention and the three matrices of the MLP. */
export function decoderLayerWeights({
  hiddenSize,
  headDim,
  attentionHeads,
  keyValueHeads,
  intermediateSize,
}: Omit<DecoderShape, 'layers' | 'vocabularySize' | 'outputHead' | 'maxPositions'>): number {
  const attention = 2 * hiddenSize * headDim * (attentionHeads + keyValueHeads);
  return attention + 3 * hiddenSize * intermediateSize;
}

/** Weights of vision encoder and projector; 0 for a text-only model. The patch embedding is left out. */
export function visionWeights({ vision, decoder }: ModelShape): number {
  if (!vision) return 0;
  const { hiddenSize, intermediateSize, layers } = vision;
  const layer = 4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize;
  return layers * layer + hiddenSize * decoder.hiddenSize + decoder.hiddenSize ** 2;
}
