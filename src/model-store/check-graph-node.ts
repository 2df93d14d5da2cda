import type { GraphTensor } from './check-graph-tensor.js';
import { readKnown, toBytes, toInteger, toText } from './graph-message.js';
import { GRAPH_OPERATORS } from './graph-operators.js';
import { invalidModel } from './invalid-model.js';

interface GraphNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are single integers, by name. */
  readonly integers: ReadonlyMap<string, bigint>;
}

/** The values of a graph that were there before a node: its inputs, constants and what earlier nodes gave. */
export interface GraphValues {
  readonly defined: Set<string>;
  readonly constants: ReadonlyMap<string, GraphTensor>;
}

/**
 * Checks one `NodeProto`: a known operator that reads what is already there and names each of its outputs for
 * the first time, which are then added to `defined`.
 *
 * @throws MODEL_INVALID otherwise.
 */
export function checkGraphNode(message: Uint8Array, { defined, constants }: GraphValues): void {
  const node = readNode(message);
  if (GRAPH_OPERATORS.get(node.operator) !== node.domain) {
    throw invalidModel('a graph file uses an unknown operator');
  }
  if (!node.inputs.every((name) => name === '' || defined.has(name))) {
    throw invalidModel('a graph file reads a value that is not there yet');
  }
  if (node.operator === 'MatMulNBits') checkBlockProduct(node, constants);
  for (const name of node.outputs) {
    if (name === '') continue;
    if (defined.has(name)) throw invalidModel('a graph file gives two values one name');
    defined.add(name);
  }
}

function readNode(message: Uint8Array): GraphNode {
  let operator = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const integers = new Map<string, bigint>();
  for (const field of readKnown(message, [1, 2, 3, 4, 5, 7], 'node')) {
    if (field.number === 1) inputs.push(toText(field));
    if (field.number === 2) outputs.push(toText(field));
    if (field.number === 4) operator = toText(field);
    if (field.number === 5) readAttribute(toBytes(field), integers);
    if (field.number === 7) domain = toText(field);
  }
  return { operator, domain, inputs, outputs, integers };
}

/** Numbers only: an attribute may also hold a tensor with a file of its own, or a whole graph. */
function readAttribute(message: Uint8Array, integers: Map<string, bigint>): void {
  let name = '';
  let integer: bigint | undefined;
  for (const field of readKnown(message, [1, 2, 3, 8, 20], 'attribute')) {
    if (field.number === 1) name = toText(field);
    if (field.number === 3) integer = toInteger(field);
  }
  if (integer !== undefined) integers.set(name, integer);
}

/**
 * Holds a product with weights in blocks to its own figures: the kernel walks through the weights by its
 * attributes, and must find as many as those promise.
 *
 * @throws MODEL_INVALID otherwise.
 */
function checkBlockProduct(
  { inputs, integers }: GraphNode,
  constants: ReadonlyMap<string, GraphTensor>,
): void {
  const figure = (name: string) => integers.get(name) ?? 0n;
  const [rows, columns, bits, blockSize] = ['N', 'K', 'bits', 'block_size'].map(figure) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const weights = constants.get(inputs[1] ?? '');
  const scales = constants.get(inputs[2] ?? '');
  const isBlockSize = [16n, 32n, 64n, 128n, 256n].includes(blockSize);
  const blocks = isBlockSize ? rows * ((columns + blockSize - 1n) / blockSize) : 0n;
  const sound =
    inputs.length === 3 &&
    blocks > 0n &&
    (bits === 4n || bits === 8n) &&
    figure('accuracy_level') <= 4n &&
    weights?.type === 'uint8' &&
    weights.values === (blocks * blockSize * bits) / 8n &&
    scales?.type === 'float32' &&
    scales.values === blocks;
  if (!sound) throw invalidModel('a graph file holds a product that contradicts its weights');
}
