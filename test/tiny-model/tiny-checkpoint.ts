import { TINY_CHAT_TEMPLATE, tinyTokenizer, tinyTokenizerConfig } from './tiny-tokenizer.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A float32 weight. */
export interface TinyTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type TinyTensors = Readonly<Record<string, TinyTensor>>;

/** Sizes of the tiny model. `headDim` exceeds hidden / heads, and `image` is not a multiple of `patch`, on purpose. */
export const TINY = {
  vision: { hidden: 8, heads: 2, wide: 12, layers: 2, image: 7, patch: 3, patches: 4 },
  decoder: { hidden: 8, heads: 4, keyValueHeads: 2, headDim: 8, wide: 12, layers: 2, tokens: 16 },
} as const;

/** Grid pinpoints, [height, width]. */
const TINY_PINPOINTS = [
  [TINY.vision.image, TINY.vision.image],
  [TINY.vision.image, 2 * TINY.vision.image],
];

/** A weight of any safetensors dtype. */
export interface RawTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Encodes float32 tensors as a safetensors file. */
export function encodeSafetensors(tensors: TinyTensors): Uint8Array {
  const raw = Object.entries(tensors).map(([name, { shape, data }]) => {
    return [name, { dtype: 'F32', shape, bytes: new Uint8Array(data.slice().buffer) }] as const;
  });
  return encodeRawTensors(Object.fromEntries(raw));
}

/** Encodes tensors of any dtype as a safetensors file. */
export function encodeRawTensors(tensors: Readonly<Record<string, RawTensor>>): Uint8Array {
  let offset = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, bytes }]) => {
      const start = offset;
      offset += bytes.length;
      return [name, { dtype, shape, data_offsets: [start, offset] }];
    }),
  );
  const data = Object.values(tensors).map(({ bytes }) => bytes);
  return joinSafetensors(JSON.stringify(header), Buffer.concat(data));
}

/** Joins a header and data to a safetensors file. Neither is validated. */
export function joinSafetensors(header: string, data: Uint8Array): Uint8Array {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** `config.json` of the tiny model. */
export function tinyConfig(): Record<string, unknown> {
  const { vision, decoder } = TINY;
  return {
    architectures: ['LlavaOnevisionForConditionalGeneration'],
    model_type: 'llava_onevision',
    image_token_index: 6,
    video_token_index: 7,
    image_grid_pinpoints: TINY_PINPOINTS,
    vision_aspect_ratio: 'anyres_max_9',
    vision_config: {
      model_type: 'siglip_vision_model',
      hidden_size: vision.hidden,
      intermediate_size: vision.wide,
      num_attention_heads: vision.heads,
      num_hidden_layers: vision.layers,
      image_size: vision.image,
      patch_size: vision.patch,
    },
    text_config: {
      model_type: 'llama',
      hidden_size: decoder.hidden,
      intermediate_size: decoder.wide,
      num_attention_heads: decoder.heads,
      num_key_value_heads: decoder.keyValueHeads,
      head_dim: decoder.headDim,
      num_hidden_layers: decoder.layers,
      vocab_size: decoder.tokens,
      max_position_embeddings: 64,
      rms_norm_eps: 1e-6,
      rope_parameters: { rope_type: 'default', rope_theta: 10000 },
      bos_token_id: 1,
      eos_token_id: 2,
      pad_token_id: 3,
    },
  };
}

/** `preprocessor_config.json` of the tiny model. */
export function tinyProcessor(): Record<string, unknown> {
  const size = TINY.vision.image;
  return {
    size: { height: size, width: size },
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    image_grid_pinpoints: TINY_PINPOINTS,
    resample: 3,
    rescale_factor: 1 / 255,
  };
}

/** Deterministic pseudo-random weights with the tensor names of transformers 5. */
export function tinyTensors(): TinyTensors {
  const { vision, decoder } = TINY;
  const next = createNoise(1);
  const tensors: Record<string, TinyTensor> = {};
  const add = (name: string, shape: number[], center = 0): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors[name] = { shape, data: Float32Array.from({ length }, () => center + next()) };
  };
  const addLinear = (name: string, rows: number, columns: number): void => {
    add(`${name}.weight`, [rows, columns]);
    add(`${name}.bias`, [rows]);
  };
  const embeddings = 'vision_tower.embeddings';
  add(`${embeddings}.patch_embedding.weight`, [vision.hidden, 3, vision.patch, vision.patch]);
  add(`${embeddings}.patch_embedding.bias`, [vision.hidden]);
  add(`${embeddings}.position_embedding.weight`, [vision.patches, vision.hidden]);
  for (let layer = 0; layer < vision.layers; layer++) {
    const name = `vision_tower.encoder.layers.${layer}`;
    for (const norm of ['layer_norm1', 'layer_norm2']) {
      add(`${name}.${norm}.weight`, [vision.hidden], 1);
      add(`${name}.${norm}.bias`, [vision.hidden]);
    }
    for (const projection of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) {
      addLinear(`${name}.self_attn.${projection}`, vision.hidden, vision.hidden);
    }
    addLinear(`${name}.mlp.fc1`, vision.wide, vision.hidden);
    addLinear(`${name}.mlp.fc2`, vision.hidden, vision.wide);
  }
  add('vision_tower.post_layernorm.weight', [vision.hidden], 1);
  add('vision_tower.post_layernorm.bias', [vision.hidden]);
  addLinear('multi_modal_projector.linear_1', decoder.hidden, vision.hidden);
  addLinear('multi_modal_projector.linear_2', decoder.hidden, decoder.hidden);
  add('image_newline', [decoder.hidden]);
  add('language_model.model.embed_tokens.weight', [decoder.tokens, decoder.hidden]);
  for (let layer = 0; layer < decoder.layers; layer++) {
    const name = `language_model.model.layers.${layer}`;
    const width = decoder.heads * decoder.headDim;
    const narrow = decoder.keyValueHeads * decoder.headDim;
    add(`${name}.input_layernorm.weight`, [decoder.hidden], 1);
    add(`${name}.post_attention_layernorm.weight`, [decoder.hidden], 1);
    add(`${name}.self_attn.q_proj.weight`, [width, decoder.hidden]);
    add(`${name}.self_attn.k_proj.weight`, [narrow, decoder.hidden]);
    add(`${name}.self_attn.v_proj.weight`, [narrow, decoder.hidden]);
    add(`${name}.self_attn.o_proj.weight`, [decoder.hidden, width]);
    add(`${name}.mlp.gate_proj.weight`, [decoder.wide, decoder.hidden]);
    add(`${name}.mlp.up_proj.weight`, [decoder.wide, decoder.hidden]);
    add(`${name}.mlp.down_proj.weight`, [decoder.hidden, decoder.wide]);
  }
  add('language_model.model.norm.weight', [decoder.hidden], 1);
  add('language_model.lm_head.weight', [decoder.tokens, decoder.hidden]);
  return tensors;
}

/** `config.json` of the tiny decoder as a text-only model. */
export function tinyTextConfig(): Record<string, unknown> {
  const text = tinyConfig()['text_config'] as Record<string, unknown>;
  return { ...text, architectures: ['LlamaForCausalLM'] };
}

/** The weights of the tiny decoder with the names of a text-only model. */
export function tinyTextTensors(): TinyTensors {
  const decoder = Object.entries(tinyTensors()).filter(([name]) =>
    name.startsWith('language_model.'),
  );
  return Object.fromEntries(
    decoder.map(([name, tensor]) => [name.replace(/^language_model\./, ''), tensor]),
  );
}

/** Writes a checkpoint. @param changes contents that replace or add files; `null` omits a file. */
export async function writeTinyCheckpoint(
  directory: string,
  changes: Readonly<Record<string, Uint8Array | string | null>> = {},
): Promise<void> {
  const files: Record<string, Uint8Array | string | null> = {
    'config.json': JSON.stringify(tinyConfig()),
    'generation_config.json': JSON.stringify({ eos_token_id: [2, 5], temperature: 0.6 }),
    'preprocessor_config.json': JSON.stringify(tinyProcessor()),
    'tokenizer.json': JSON.stringify(tinyTokenizer()),
    'tokenizer_config.json': JSON.stringify(tinyTokenizerConfig()),
    'chat_template.jinja': TINY_CHAT_TEMPLATE,
    'model.safetensors': encodeSafetensors(tinyTensors()),
    ...changes,
  };
  for (const [name, content] of Object.entries(files)) {
    if (content === null) continue;
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

/** Linear congruential generator of numbers between -0.5 and 0.5. */
export function createNoise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}
