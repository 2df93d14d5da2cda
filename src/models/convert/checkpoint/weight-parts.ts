import type { CheckpointQuantization } from './architecture.js';

/**
 * Role of a tensor in its weight: the values (`weight`), or a part of a quantized weight. Names as in the formats of
 * transformers, AutoGPTQ, AutoAWQ and compressed-tensors.
 */
export type TensorRole =
  | 'weight'
  | 'weight_scale'
  | 'weight_scale_inv'
  | 'weight_packed'
  | 'weight_zero_point'
  | 'weight_shape'
  | 'weight_g_idx'
  | 'qweight'
  | 'qzeros'
  | 'scales'
  | 'g_idx'
  | 'bias';

/** Tensors of a quantized weight. */
export interface WeightParts {
  /** The weight is complete when it has one role of each list. */
  readonly required: readonly (readonly TensorRole[])[];
  /** Further tensors that carry no values of their own. They are checked when they are found. */
  readonly redundant: readonly TensorRole[];
}

/** @returns the tensors of a quantized weight; a weight that is not quantized is a single `weight`. */
export function partsOf(quantization: CheckpointQuantization): WeightParts {
  if (quantization.kind === 'none') return { required: [['weight']], redundant: [] };
  if (quantization.kind === 'fp8') {
    // transformers calls the factor `weight_scale_inv`; other exporters write `weight_scale`. Both are multiplied.
    return { required: [['weight'], ['weight_scale', 'weight_scale_inv']], redundant: [] };
  }
  const { layout, zeroPoints, groups } = quantization;
  const isListed = groups === 'listed';
  switch (layout) {
    case 'gptq':
    case 'gptq-v2':
      return {
        required: [['qweight'], ['qzeros'], ['scales'], ...(isListed ? [['g_idx'] as const] : [])],
        // Exporters add the group of each column, and a bias of zeros.
        redundant: isListed ? ['bias'] : ['g_idx', 'bias'],
      };
    case 'awq':
      return { required: [['qweight'], ['qzeros'], ['scales']], redundant: [] };
    case 'packed':
    case 'bytes':
      return {
        required: [
          [layout === 'packed' ? 'weight_packed' : 'weight'],
          ['weight_scale'],
          ...(zeroPoints === 'stored' ? [['weight_zero_point'] as const] : []),
          ...(isListed ? [['weight_g_idx'] as const] : []),
        ],
        redundant:
          zeroPoints === 'stored' ? ['weight_shape'] : ['weight_shape', 'weight_zero_point'],
      };
  }
}

/** Formats of a `weight` that needs a scale. */
const CODED_FORMATS: readonly string[] = ['F8_E4M3', 'I8'];

/** Whether the tensors found make a weight: all parts of a quantized weight, or a `weight` that needs no scale. */
export function isComplete(
  found: ReadonlyMap<TensorRole, { readonly format: string }>,
  { required }: WeightParts,
): boolean {
  const weight = found.get('weight');
  const isCoded = weight !== undefined && CODED_FORMATS.includes(weight.format);
  const hasScale = required.length > 1 && required.flat().includes('weight');
  if (weight && !(isCoded && hasScale)) return true;
  return required.every((roles) => roles.some((role) => found.has(role)));
}
