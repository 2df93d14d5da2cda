/** The family and the sizes of a decoder. */
export interface DecoderShape {
  /** `model_type` of its configuration. A Qwen2 decoder has biases of queries, keys and values. */
  readonly family: 'llama' | 'qwen2';
  /** `embeddings`: the output head is tied to the token embeddings. */
  readonly head: 'own' | 'embeddings';
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly wide: number;
  readonly positions: number;
  readonly epsilon: number;
}

/** The sizes of a SigLIP vision encoder. */
export interface VisionShape {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly wide: number;
  readonly image: number;
  readonly patch: number;
}

/** The shape of a checkpoint of the Salamandra family. */
export interface CheckpointShape {
  /** Its name on the hub, `owner/name`. */
  readonly repository: string;
  readonly decoder: DecoderShape;
  /** `null` if the model is text-only. */
  readonly vision: VisionShape | null;
  /** `llava`: one tile per image and no image newline. */
  readonly layout: 'llava_onevision' | 'llava';
  /** Pieces of the tokenizer. A vision-language model has 64 more embedding rows, two of them used. */
  readonly pieces: number;
  /** Maximum bytes of a shard, unless a single tensor is larger. */
  readonly shardBytes: number;
}

export interface SyntheticTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

export type ShapeName = '2b' | '7b' | '7b-vision' | '40b' | 'tiny' | 'tiny-vision';

/** Transformers pads the embedding rows to a multiple of 64 when it adds tokens. */
const APPENDED_ROWS = 64;

const LLAMA = { family: 'llama', head: 'own' } as const;
const DECODER_7B: DecoderShape = {
  ...LLAMA,
  hidden: 4096,
  layers: 32,
  heads: 32,
  keyValueHeads: 8,
  headDim: 128,
  wide: 11008,
  positions: 8192,
  epsilon: 1e-6,
};
const SO400M: VisionShape = {
  hidden: 1152,
  layers: 26,
  heads: 16,
  wide: 4304,
  image: 384,
  patch: 14,
};
const TINY_DECODER: DecoderShape = {
  ...LLAMA,
  hidden: 64,
  layers: 4,
  heads: 4,
  keyValueHeads: 2,
  headDim: 16,
  wide: 160,
  positions: 512,
  epsilon: 1e-6,
};
const FULL = { pieces: 256_000, shardBytes: 5_000_000_000, layout: 'llava_onevision' } as const;
const SMALL = { pieces: 2_048, shardBytes: 400_000, layout: 'llava_onevision' } as const;

/** The published models, and two small ones of the same architecture. */
export const SHAPES: Readonly<Record<ShapeName, CheckpointShape>> = {
  '2b': {
    ...FULL,
    repository: 'BSC-LT/salamandra-2b-instruct',
    vision: null,
    decoder: {
      ...LLAMA,
      hidden: 2048,
      layers: 24,
      heads: 16,
      keyValueHeads: 16,
      headDim: 128,
      wide: 5440,
      positions: 8192,
      epsilon: 1e-5,
    },
  },
  '7b': {
    ...FULL,
    repository: 'BSC-LT/salamandra-7b-instruct',
    vision: null,
    decoder: DECODER_7B,
  },
  '7b-vision': {
    ...FULL,
    repository: 'BSC-LT/salamandra-7b-vision',
    vision: SO400M,
    decoder: DECODER_7B,
  },
  '40b': {
    ...FULL,
    repository: 'BSC-LT/ALIA-40b',
    vision: null,
    decoder: {
      ...LLAMA,
      hidden: 8192,
      layers: 48,
      heads: 64,
      keyValueHeads: 8,
      headDim: 128,
      wide: 24576,
      positions: 4096,
      epsilon: 1e-5,
    },
  },
  tiny: { ...SMALL, repository: 'BSC-LT/tiny-instruct', vision: null, decoder: TINY_DECODER },
  'tiny-vision': {
    ...SMALL,
    repository: 'BSC-LT/tiny-vision',
    vision: { hidden: 48, layers: 3, heads: 4, wide: 100, image: 56, patch: 14 },
    decoder: TINY_DECODER,
  },
};

/** The same shape with fewer layers in the decoder and the vision encoder. */
export function withLayers(shape: CheckpointShape, layers: number): CheckpointShape {
  return {
    ...shape,
    decoder: { ...shape.decoder, layers: Math.min(layers, shape.decoder.layers) },
    vision: shape.vision && {
      ...shape.vision,
      layers: Math.min(layers, shape.vision.layers),
    },
  };
}

/** The number of rows of the embedding table and the output head. */
export function embeddingRows({ pieces, vision }: CheckpointShape): number {
  return vision ? pieces + APPENDED_ROWS : pieces;
}

/** All tensors, with the names of transformers 4, in module order. */
export function listTensors(shape: CheckpointShape): SyntheticTensor[] {
  if (!shape.vision) return decoderTensors(shape, '');
  return [
    ...(shape.layout === 'llava' ? [] : [{ name: 'image_newline', shape: [shape.decoder.hidden] }]),
    ...towerTensors(shape.vision),
    ...linear('multi_modal_projector.linear_1', shape.decoder.hidden, shape.vision.hidden),
    ...linear('multi_modal_projector.linear_2', shape.decoder.hidden, shape.decoder.hidden),
    ...decoderTensors(shape, 'language_model.'),
  ];
}

function towerTensors({ hidden, layers, wide, image, patch }: VisionShape): SyntheticTensor[] {
  const root = 'vision_tower.vision_model';
  const embeddings = `${root}.embeddings`;
  return [
    { name: `${embeddings}.patch_embedding.weight`, shape: [hidden, 3, patch, patch] },
    { name: `${embeddings}.patch_embedding.bias`, shape: [hidden] },
    {
      name: `${embeddings}.position_embedding.weight`,
      shape: [Math.floor(image / patch) ** 2, hidden],
    },
    ...indices(layers).flatMap((layer) => {
      const name = `${root}.encoder.layers.${layer}`;
      return [
        ...['k_proj', 'v_proj', 'q_proj', 'out_proj'].flatMap((part) =>
          linear(`${name}.self_attn.${part}`, hidden, hidden),
        ),
        ...norm(`${name}.layer_norm1`, hidden),
        ...linear(`${name}.mlp.fc1`, wide, hidden),
        ...linear(`${name}.mlp.fc2`, hidden, wide),
        ...norm(`${name}.layer_norm2`, hidden),
      ];
    }),
    ...norm(`${root}.post_layernorm`, hidden),
  ];
}

function decoderTensors(shape: CheckpointShape, prefix: string): SyntheticTensor[] {
  const { family, head, hidden, layers, heads, keyValueHeads, headDim, wide } = shape.decoder;
  const rows = embeddingRows(shape);
  const matrix = (name: string, height: number, width: number) => ({
    name: `${name}.weight`,
    shape: [height, width],
  });
  const projection = (name: string, height: number, width: number) =>
    family === 'qwen2' ? linear(name, height, width) : [matrix(name, height, width)];
  return [
    matrix(`${prefix}model.embed_tokens`, rows, hidden),
    ...indices(layers).flatMap((layer) => {
      const name = `${prefix}model.layers.${layer}`;
      return [
        ...projection(`${name}.self_attn.q_proj`, heads * headDim, hidden),
        ...projection(`${name}.self_attn.k_proj`, keyValueHeads * headDim, hidden),
        ...projection(`${name}.self_attn.v_proj`, keyValueHeads * headDim, hidden),
        matrix(`${name}.self_attn.o_proj`, hidden, heads * headDim),
        matrix(`${name}.mlp.gate_proj`, wide, hidden),
        matrix(`${name}.mlp.up_proj`, wide, hidden),
        matrix(`${name}.mlp.down_proj`, hidden, wide),
        { name: `${name}.input_layernorm.weight`, shape: [hidden] },
        { name: `${name}.post_attention_layernorm.weight`, shape: [hidden] },
      ];
    }),
    { name: `${prefix}model.norm.weight`, shape: [hidden] },
    ...(head === 'own' ? [matrix(`${prefix}lm_head`, rows, hidden)] : []),
  ];
}

function linear(name: string, rows: number, columns: number): SyntheticTensor[] {
  return [
    { name: `${name}.weight`, shape: [rows, columns] },
    { name: `${name}.bias`, shape: [rows] },
  ];
}

function norm(name: string, size: number): SyntheticTensor[] {
  return [
    { name: `${name}.weight`, shape: [size] },
    { name: `${name}.bias`, shape: [size] },
  ];
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
