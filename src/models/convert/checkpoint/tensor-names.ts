import { invalidCheckpoint } from '../../package/invalid-model.js';
import type { Architecture } from './architecture.js';

/**
 * Normalizes the tensor names of different transformers versions to those used here: 4.x
 * (`language_model.model.layers`), late 4.x (`model.language_model.layers`), 5.x (without `vision_model`) and text
 * models (`model.layers`).
 */
export function canonicalName(name: string): string {
  return name
    .replace(/^model\.(?=(?:layers|embed_tokens|norm)\.)/, 'language_model.')
    .replace(/^model\./, '')
    .replace(/^language_model\.lm_head\./, 'lm_head.')
    .replace(/^language_model\.model\./, 'language_model.')
    .replace(/^vision_tower\.vision_model\./, 'vision_tower.');
}

/**
 * Role of a tensor in its weight: the values (`weight`; fp8 also needs `weight_scale`), or a part of a GPTQ weight.
 * Some GPTQ exporters add a `bias` of zeros.
 */
export type TensorRole =
  'weight' | 'weight_scale' | 'qweight' | 'qzeros' | 'scales' | 'g_idx' | 'bias';

export interface KnownTensor {
  /** Canonical name of the weight. */
  readonly weight: string;
  readonly role: TensorRole;
}

/** Required, optional and unknown tensors of an architecture. */
export interface KnownTensors {
  /** `null` for a tensor that is known but unused. @throws MODEL_INVALID if the tensor is unknown. */
  find(canonical: string): KnownTensor | null;
  /** @param names in any spelling. @throws MODEL_INVALID if a tensor is missing, duplicate or unknown. */
  check(names: Iterable<string>): void;
}

/** Tensors that checkpoints may contain and the graphs do not use. */
const UNUSED_TENSORS = [
  /^vision_tower\.(post_layernorm|head)\./,
  /^vision_tower\.embeddings\.position_ids$/,
  /\.rotary_emb\.inv_freq$/,
  // Static scales of activations and KV cache; both are quantized dynamically here.
  /\.(input_scale|input_scale_ub|output_scale|kv_scale|[qkv]_scale)$/,
];

const PART_SUFFIX = /\.(weight_scale|qweight|qzeros|scales|g_idx|bias)$/;

/** @param weights canonical names of the required weights. */
export function createKnownTensors(
  weights: ReadonlySet<string>,
  { vision, quantization }: Architecture,
): KnownTensors {
  const roles: Record<typeof quantization.kind, readonly (string | undefined)[]> = {
    none: [],
    fp8: ['weight_scale'],
    gptq: ['qweight', 'qzeros', 'scales', 'g_idx', 'bias'],
  };
  const find = (name: string): KnownTensor | null => {
    if (weights.has(name)) return { weight: name, role: 'weight' };
    const role = PART_SUFFIX.exec(name)?.[1];
    const weight = name.replace(PART_SUFFIX, '.weight');
    if (roles[quantization.kind].includes(role) && weights.has(weight)) {
      return { weight, role: role as TensorRole };
    }
    const layer = /^vision_tower\.encoder\.layers\.(\d+)\./.exec(name)?.[1];
    const isUnused =
      (vision && layer !== undefined && Number(layer) >= vision.layers) ||
      UNUSED_TENSORS.some((pattern) => pattern.test(name));
    if (!isUnused) throw invalidCheckpoint(null, `unknown tensor ${quoteTensor(name)}`);
    return null;
  };
  const check = (names: Iterable<string>): void => {
    const seen = new Set<string>();
    const found = new Map<string, Set<TensorRole>>();
    for (const raw of names) {
      const name = canonicalName(raw);
      if (seen.has(name)) throw duplicateTensor(name);
      seen.add(name);
      const known = find(name);
      if (known) found.set(known.weight, (found.get(known.weight) ?? new Set()).add(known.role));
    }
    for (const weight of weights) {
      const parts = found.get(weight);
      const has = (role: TensorRole) => parts?.has(role) === true;
      const isPacked = has('qweight') && has('qzeros') && has('scales');
      if (!has('weight') && !isPacked) {
        const rule = weight === 'lm_head.weight' ? ', and config.json does not tie it' : '';
        throw invalidCheckpoint(null, `the tensor \`${weight}\` is missing${rule}`);
      }
      if (has('weight') && has('qweight')) {
        throw invalidCheckpoint(null, `\`${weight}\` exists both as floats and as a GPTQ weight`);
      }
    }
  };
  return { find, check };
}

/** MODEL_INVALID for a tensor that occurs in two shards, or under two spellings. */
export function duplicateTensor(name: string): Error {
  return invalidCheckpoint(null, `the tensor ${quoteTensor(name)} exists twice`);
}

/** Names come from the file, so only plain ones are repeated in an error. */
function quoteTensor(name: string): string {
  return /^[\w.-]{1,120}$/.test(name) ? `\`${name}\`` : '(name not printable)';
}
