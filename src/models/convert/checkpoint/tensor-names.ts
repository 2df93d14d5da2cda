import { invalidCheckpoint, quoteName } from '../../package/invalid-model.js';
import type { Architecture } from './architecture.js';
import { type TensorRole, type WeightParts, partsOf } from './weight-parts.js';

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

export interface TensorOrigin {
  /** In any spelling of transformers. */
  readonly name: string;
  /** Named in errors; `null` if it is not known. */
  readonly file: string | null;
}

/** A tensor and the weight that it belongs to. */
export interface KnownTensor {
  /** Canonical name of the weight. */
  readonly weight: string;
  readonly role: TensorRole;
}

/** Required, optional and unknown tensors of an architecture. */
export interface KnownTensors {
  readonly parts: WeightParts;
  /**
   * @param file for the error.
   * @returns `null` for a tensor that is known but unused.
   * @throws MODEL_INVALID if the tensor is unknown.
   */
  find(canonical: string, file: string | null): KnownTensor | null;
  /** Whether the tensor is known and not used by the graphs. */
  isUnused(canonical: string): boolean;
  /**
   * @param tensors with names in any spelling.
   * @throws MODEL_INVALID if a tensor is missing, duplicate or unknown.
   */
  check(tensors: Iterable<TensorOrigin>): void;
}

/** Tensors that checkpoints may contain and the graphs do not use. */
const UNUSED_TENSORS = [
  /^vision_tower\.(post_layernorm|head)\./,
  /^vision_tower\.embeddings\.position_ids$/,
  /\.rotary_emb\.inv_freq$/,
  // Static scales of activations and KV cache; both are quantized dynamically here.
  /\.((input|output|activation)_(scale|scale_ub|zero_point)|kv_scale|[qkv]_scale)$/,
];

const PART_SUFFIX =
  /\.(weight_scale|weight_scale_inv|weight_packed|weight_zero_point|weight_shape|weight_g_idx|qweight|qzeros|scales|g_idx|bias)$/;

/** Tensors of which the reason for their presence is known. */
const EXPLAINED_TENSORS: readonly (readonly [RegExp, string])[] = [
  [
    /\.(lora_|base_layer\.)/,
    'It belongs to an adapter that is not merged. Convert the base model with `--adapter FOLDER`',
  ],
  [
    /\.(qweight|weight_packed|weight_scale|weight_scale_inv|absmax|quant_map|SCB|W_q)(\.|$)/,
    'It belongs to a quantized weight, but quantization_config in config.json is missing or of another format. Use the unquantized checkpoint',
  ],
  [/\.experts\./, 'Mixtures of experts are not supported'],
];

/** @param weights canonical names of the required weights. */
export function createKnownTensors(
  weights: ReadonlySet<string>,
  { name: architecture, vision, quantization }: Architecture,
): KnownTensors {
  const parts = partsOf(quantization);
  const roles: readonly string[] = [...parts.required.flat(), ...parts.redundant];
  const isUnused = (name: string): boolean => {
    const layer = /^vision_tower\.encoder\.layers\.(\d+)\./.exec(name)?.[1];
    return (
      (vision !== null && layer !== undefined && Number(layer) >= vision.layers) ||
      UNUSED_TENSORS.some((pattern) => pattern.test(name))
    );
  };
  const find: KnownTensors['find'] = (name, file) => {
    if (weights.has(name)) return { weight: name, role: 'weight' };
    const role = PART_SUFFIX.exec(name)?.[1];
    const weight = name.replace(PART_SUFFIX, '.weight');
    if (role !== undefined && roles.includes(role) && weights.has(weight)) {
      return { weight, role: role as TensorRole };
    }
    if (isUnused(name)) return null;
    const [, reason] = EXPLAINED_TENSORS.find(([pattern]) => pattern.test(name)) ?? [
      null,
      `${architecture}, with the settings in config.json, has no such weight. Use a checkpoint that matches its config.json`,
    ];
    throw invalidCheckpoint(file, `unknown tensor ${quoteName(name)}. ${reason}`);
  };
  const check: KnownTensors['check'] = (tensors) => {
    const seen = new Set<string>();
    const found = new Map<string, Set<TensorRole>>();
    for (const { name: raw, file } of tensors) {
      const name = canonicalName(raw);
      if (seen.has(name)) throw duplicateTensor(name);
      seen.add(name);
      const known = find(name, file);
      if (known) found.set(known.weight, (found.get(known.weight) ?? new Set()).add(known.role));
    }
    for (const weight of weights) checkParts(weight, found.get(weight) ?? new Set(), parts);
  };
  return { parts, find, isUnused, check };
}

/** Names do not tell the number format, so a single `weight` may be complete. */
function checkParts(
  weight: string,
  found: ReadonlySet<TensorRole>,
  { required }: WeightParts,
): void {
  const missing = required.find((roles) => !roles.some((role) => found.has(role)));
  if (found.has('weight')) {
    const packed = required
      .flat()
      .find((role) => role !== 'weight' && isValue(role) && found.has(role));
    if (packed === undefined) return;
    throw invalidCheckpoint(null, `\`${weight}\` exists both as floats and as ${packed}`);
  }
  if (!missing) return;
  const isPart = required.length > 1 && found.size > 0;
  const name = isPart ? weight.replace(/weight$/, missing[0] ?? '') : weight;
  const rule = weight === 'lm_head.weight' ? ', and config.json does not tie it' : '';
  throw invalidCheckpoint(
    null,
    `the tensor \`${name}\` is missing${rule}. Download the checkpoint again, or use one that matches its config.json`,
  );
}

/** Whether the role holds the values of a weight. */
function isValue(role: TensorRole): boolean {
  return role === 'qweight' || role === 'weight_packed';
}

/** MODEL_INVALID for a tensor that occurs in two shards, or under two spellings. */
export function duplicateTensor(name: string): Error {
  return invalidCheckpoint(null, `the tensor ${quoteName(name)} exists twice`);
}

/** MODEL_INVALID for a weight of which a part was not found. */
export function incompleteWeight(name: string): Error {
  return invalidCheckpoint(
    null,
    `the weight \`${name}\` is incomplete: one of its tensors is missing, for example its scale. Download the checkpoint again`,
  );
}
