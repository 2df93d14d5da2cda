import type { StoredTensor } from './checkpoint/safetensors.js';
import { canonicalName, incompleteWeight } from './checkpoint/tensor-names.js';
import { type TensorRole, isComplete } from './checkpoint/weight-parts.js';
import { type ConversionPlan, shapeOf } from './plan-conversion.js';
import { createWeightSource } from './quantize/weight-source.js';

/**
 * Checks data types and shapes of all tensors of a checkpoint against its plan. Reads no values.
 *
 * @throws MODEL_INVALID
 */
export function checkTensors(tensors: readonly StoredTensor[], plan: ConversionPlan): void {
  const { known, quantization } = plan;
  const weights = new Map<string, Map<TensorRole, StoredTensor>>();
  for (const tensor of tensors) {
    const found = known.find(canonicalName(tensor.name), tensor.file);
    if (!found) continue;
    const parts = weights.get(found.weight) ?? new Map<TensorRole, StoredTensor>();
    weights.set(found.weight, parts.set(found.role, tensor));
  }
  for (const [weight, parts] of weights) {
    if (!isComplete(parts, known.parts)) throw incompleteWeight(weight);
    createWeightSource(parts, shapeOf(plan, weight), quantization);
  }
}
