import { invalidModel } from '../../package/invalid-model.js';
import type { Architecture } from './architecture.js';

/**
 * One spelling for those that transformers wrote over time: 4.x (`language_model.model.layers`), late 4.x
 * (`model.language_model.layers`), 5.x, which drops `vision_model` as well, and the plain decoder's
 * (`model.layers`).
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
 * What a tensor is to the weight it belongs to: all of it (`weight`, though the eight-bit floats of one need
 * `weight_scale`), or a part of what GPTQ made of it. Some GPTQ writers add a `bias` of zeros.
 */
export type TensorRole =
  'weight' | 'weight_scale' | 'qweight' | 'qzeros' | 'scales' | 'g_idx' | 'bias';

export interface KnownTensor {
  /** The weight's canonical name, which slots go by. */
  readonly weight: string;
  readonly role: TensorRole;
}

/** The tensors that a checkpoint may and must hold. */
export interface KnownTensors {
  /** Null: the checkpoint may carry it, and no value goes through it. @throws MODEL_INVALID when unknown. */
  find(canonical: string): KnownTensor | null;
  /** @param names in any spelling. @throws MODEL_INVALID when one is missing, twice there or unknown. */
  check(names: Iterable<string>): void;
}

/** Weights that some checkpoints carry and no value goes through. */
const IDLE_TENSORS = [
  /^vision_tower\.(post_layernorm|head)\./,
  /^vision_tower\.embeddings\.position_ids$/,
  /\.rotary_emb\.inv_freq$/,
  // Scales of activations and of the cache: those are quantised by what they hold at the moment.
  /\.(input_scale|input_scale_ub|output_scale|kv_scale|[qkv]_scale)$/,
];

const PART_SUFFIX = /\.(weight_scale|qweight|qzeros|scales|g_idx|bias)$/;

/** @param weights canonical names of all weights that must be there. */
export function createKnownTensors(
  weights: ReadonlySet<string>,
  { vision, decoder, quantization }: Architecture,
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
    const idle =
      (vision && layer !== undefined && Number(layer) >= vision.layers) ||
      (name === 'lm_head.weight' && decoder.outputHead === 'embeddings') ||
      IDLE_TENSORS.some((pattern) => pattern.test(name));
    if (!idle) throw invalidModel('the checkpoint holds weights that no known layer has');
    return null;
  };
  const check = (names: Iterable<string>): void => {
    const seen = new Set<string>();
    const found = new Map<string, Set<TensorRole>>();
    for (const raw of names) {
      const name = canonicalName(raw);
      if (seen.has(name)) throw invalidModel('the checkpoint holds a tensor twice');
      seen.add(name);
      const known = find(name);
      if (known) found.set(known.weight, (found.get(known.weight) ?? new Set()).add(known.role));
    }
    for (const weight of weights) {
      const parts = found.get(weight);
      const has = (role: TensorRole) => parts?.has(role) === true;
      const isPacked = has('qweight') && has('qzeros') && has('scales');
      if (!has('weight') && !isPacked) throw invalidModel(`the checkpoint lacks ${weight}`);
      if (has('weight') && has('qweight')) throw invalidModel(`${weight} is there twice`);
    }
  };
  return { find, check };
}
