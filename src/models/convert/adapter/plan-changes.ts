import { checkingFile, invalidModel, quoteName } from '../../package/invalid-model.js';
import { checkFloatFormat } from '../checkpoint/float-formats.js';
import { type StoredTensor, invalidTensor } from '../checkpoint/safetensors.js';
import { canonicalName } from '../checkpoint/tensor-names.js';
import { type ConversionPlan, shapeOf } from '../plan-conversion.js';
import { createFloatSource } from '../quantize/float-source.js';
import { matrixSize } from '../quantize/matrix-source.js';
import type { LowRankChange } from './low-rank-source.js';
import { type AdapterConfig, MERGE_REMEDY } from './parse-adapter-config.js';

/** What an adapter does to a weight. */
export interface WeightChange {
  /** The tensor that replaces the weight (`modules_to_save`, biases). `null` to keep the one of the base model. */
  readonly replacement: StoredTensor | null;
  /** Applied after the replacement. */
  readonly lowRank: LowRankChange | null;
}

/** Tensors of a module in an adapter file, by the end of their name. */
type Part =
  | 'lora_A.weight'
  | 'lora_B.weight'
  | 'lora_embedding_A'
  | 'lora_embedding_B'
  | 'lora_magnitude_vector'
  | 'replacement';

interface ChangedModule {
  /** Name of the module in the file, without the prefix. */
  readonly module: string;
  readonly parts: Map<Part, StoredTensor>;
}

const PREFIX = 'base_model.model.';
const LORA_PART =
  /^(.*)\.(lora_A\.weight|lora_B\.weight|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)$/;
const EMBEDDINGS = 'language_model.embed_tokens.weight';
const HEAD = 'lm_head.weight';

/**
 * Groups the tensors of an adapter by the weight that they change, and checks names, data types and shapes.
 *
 * @returns changes by canonical name of the weight.
 * @throws MODEL_INVALID if a tensor does not belong to a weight of the base model.
 */
export function planChanges(
  tensors: Iterable<StoredTensor>,
  config: AdapterConfig,
  plan: ConversionPlan,
): Map<string, WeightChange> {
  const modules = new Map<string, ChangedModule>();
  for (const tensor of tensors) {
    const { weight, module, part } = locate(tensor);
    if (plan.known.isUnused(weight)) continue;
    checkTarget(weight, tensor, plan);
    checkFloatFormat(tensor);
    const changed = modules.get(weight) ?? { module, parts: new Map<Part, StoredTensor>() };
    if (changed.parts.has(part)) throw invalidTensor(tensor, 'exists twice');
    changed.parts.set(part, tensor);
    modules.set(weight, changed);
  }
  if (modules.size === 0) throw invalidModel('the adapter changes no weight of the base model');
  return new Map(
    [...modules].map(([weight, changed]) => [
      weight,
      planChange(changed, shapeOf(plan, weight), config),
    ]),
  );
}

/** The weight that a tensor changes, and how. */
function locate(tensor: StoredTensor): { weight: string; module: string; part: Part } {
  if (!tensor.name.startsWith(PREFIX)) {
    throw invalidTensor(tensor, `must start with \`${PREFIX}\`. ${MERGE_REMEDY}`);
  }
  const name = tensor.name.slice(PREFIX.length);
  const [, module, part] = LORA_PART.exec(name) ?? [];
  if (module !== undefined) {
    return { weight: canonicalName(`${module}.weight`), module, part: part as Part };
  }
  // Layers with LoRA keep their own weight and bias in `base_layer`.
  const replaced = name.replace(/\.base_layer\.(?=(?:weight|bias)$)/, '.');
  const end = replaced.lastIndexOf('.');
  return {
    weight: canonicalName(replaced),
    module: replaced.slice(0, end),
    part: 'replacement',
  };
}

function checkTarget(weight: string, tensor: StoredTensor, { slots }: ConversionPlan): void {
  const tables = [HEAD, EMBEDDINGS];
  if (tables.includes(weight) && !tables.every((table) => slots.has(table))) {
    throw invalidTensor(
      tensor,
      `cannot be merged: token embeddings and output head of the base model are tied, so a change of one would change both. ${MERGE_REMEDY}`,
    );
  }
  if (!slots.has(weight)) {
    throw invalidTensor(
      tensor,
      'changes a weight that the base model does not have. Use the base model for which the adapter was trained',
    );
  }
}

function planChange(
  { module, parts }: ChangedModule,
  shape: readonly number[],
  config: AdapterConfig,
): WeightChange {
  const replacement = parts.get('replacement') ?? null;
  if (replacement) createFloatSource(replacement, shape, null);
  return { replacement, lowRank: planLowRank(module, parts, shape, config) };
}

/** Checks that the product of the tensors has the shape of the weight. */
function planLowRank(
  module: string,
  parts: ChangedModule['parts'],
  shape: readonly number[],
  config: AdapterConfig,
): LowRankChange | null {
  const { rows, columns } = matrixSize(shape);
  const magnitudes = parts.get('lora_magnitude_vector') ?? null;
  const [a, b] = [parts.get('lora_A.weight'), parts.get('lora_B.weight')];
  const [tableA, tableB] = [parts.get('lora_embedding_A'), parts.get('lora_embedding_B')];
  if (a && b && !tableA && !tableB) {
    const [rank = 0, ...rest] = a.shape;
    checkShapeOf(a, [rank, ...shape.slice(1)]);
    // The second factor of a convolution has a kernel of 1.
    checkShapeOf(b, [rows, rank, ...rest.slice(1).map(() => 1)]);
    if (magnitudes && matrixSize([1, ...magnitudes.shape]).columns !== rows) {
      throw invalidTensor(
        magnitudes,
        `must have ${rows} values, found [${magnitudes.shape.join(', ')}]`,
      );
    }
    const scale = scaleOf(config, module, a);
    return { rank, scale, coefficients: b, directions: a, kind: 'matrix', magnitudes };
  }
  if (tableA && tableB && !a && !b) {
    const [rank = 0] = tableA.shape;
    checkShapeOf(tableA, [rank, rows]);
    checkShapeOf(tableB, [columns, rank]);
    if (magnitudes) {
      throw invalidTensor(magnitudes, `is not supported for embeddings. ${MERGE_REMEDY}`);
    }
    const scale = scaleOf(config, module, tableA);
    return {
      ...{ rank, scale, coefficients: tableA, directions: tableB },
      ...{ kind: 'embedding', magnitudes: null },
    };
  }
  const lone = a ?? b ?? tableA ?? tableB ?? magnitudes;
  if (!lone) return null;
  throw invalidTensor(lone, `lacks its counterpart: ${quoteName(module)} needs A and B`);
}

function scaleOf(config: AdapterConfig, module: string, { file, shape }: StoredTensor): number {
  return checkingFile('checkpoint', file, () => config.scaleOf(module, shape[0] ?? 0));
}

function checkShapeOf(tensor: StoredTensor, shape: readonly number[]): void {
  if (tensor.shape.join() === shape.join()) return;
  throw invalidTensor(
    tensor,
    `must have the shape [${shape.join(', ')}] for this base model, found [${tensor.shape.join(', ')}]`,
  );
}
