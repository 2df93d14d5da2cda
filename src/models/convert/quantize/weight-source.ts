import type { CheckpointQuantization } from '../checkpoint/architecture.js';
import { readFiniteValues } from '../checkpoint/float-formats.js';
import { type StoredTensor, invalidTensor } from '../checkpoint/safetensors.js';
import type { TensorRole } from '../checkpoint/weight-parts.js';
import { createFloatSource } from './float-source.js';
import { readGroups } from './integer-layouts.js';
import { createIntegerSource } from './integer-source.js';
import { type MatrixSource, matrixSize } from './matrix-source.js';

/**
 * The source of a complete weight.
 *
 * @param parts tensors by role.
 * @param shape required shape.
 * @throws MODEL_INVALID if shapes or data types differ.
 */
export function createWeightSource(
  parts: ReadonlyMap<TensorRole, StoredTensor>,
  shape: readonly number[],
  quantization: CheckpointQuantization,
): MatrixSource {
  const weight = parts.get('weight');
  const scale = parts.get('weight_scale') ?? parts.get('weight_scale_inv');
  if (quantization.kind === 'integers') {
    const isQuantized = quantization.layout === 'bytes' ? weight?.format === 'I8' : !weight;
    if (isQuantized) return createIntegerSource(parts, shape, quantization);
  }
  if (!weight) throw new RangeError('The weight is incomplete.');
  const block = quantization.kind === 'fp8' ? quantization.block : null;
  return createFloatSource(weight, shape, scale ? { tensor: scale, block } : null);
}

/**
 * Checks a tensor that must repeat what is known (see `WeightParts.redundant`): groups in column order, zero points in
 * the middle, the shape of the weight, a bias of zeros.
 *
 * @param shape [rows, columns] of the weight.
 * @throws MODEL_INVALID
 */
export function checkRedundantTensor(
  role: TensorRole,
  tensor: StoredTensor,
  shape: readonly number[],
  quantization: CheckpointQuantization,
): void {
  if (quantization.kind !== 'integers') return;
  const { rows, columns } = matrixSize(shape);
  const groupSize = Math.min(quantization.groupSize ?? columns, columns);
  const groups = Math.ceil(columns / groupSize);
  if (role === 'g_idx') {
    const listed = readGroups(new Map([[role, tensor]]), { rows, columns, groups }, groupSize);
    if (listed) {
      throw invalidTensor(
        tensor,
        `must list the columns in groups of ${groupSize} because quantization_config.desc_act is false`,
      );
    }
  } else if (role === 'bias') {
    if (readFiniteValues(tensor).some((value) => value !== 0)) {
      throw invalidTensor(tensor, `must be zero because this architecture has no such bias`);
    }
  } else if (role === 'weight_shape') {
    const found = readIntegers(tensor);
    if (found.join() !== shape.join()) {
      throw invalidTensor(tensor, `must be [${shape.join(', ')}], found [${found.join(', ')}]`);
    }
  } else if (role === 'weight_zero_point') {
    const packed = quantization.bits === 4 ? 0x88 : 0x80;
    const expected = tensor.format === 'I8' ? 0 : packed;
    if (readBytes(tensor).some((byte) => byte !== expected)) {
      throw invalidTensor(tensor, `must be zero because quantization_config is symmetric`);
    }
  }
}

function readBytes(tensor: StoredTensor): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(tensor.bytes);
  tensor.read(bytes, 0);
  return bytes;
}

/** @throws MODEL_INVALID unless the tensor is a short list of int32 or int64. */
function readIntegers(tensor: StoredTensor): number[] {
  const { format, bytes } = tensor;
  if ((format !== 'I64' && format !== 'I32') || bytes > 64) {
    throw invalidTensor(tensor, 'must be a few numbers of type I64 or I32');
  }
  const { buffer } = readBytes(tensor);
  return format === 'I64'
    ? Array.from(new BigInt64Array(buffer), Number)
    : [...new Int32Array(buffer)];
}
