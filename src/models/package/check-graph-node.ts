import type { GraphTensor } from './check-graph-tensor.js';
import { readKnown, toBytes, toInteger, toText } from './graph-message.js';
import { GRAPH_OPERATORS } from './graph-operators.js';
import { readGraphValue } from './graph-value.js';
import { invalidModel } from './invalid-model.js';

interface GraphNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that are single integers, by name. */
  readonly integers: ReadonlyMap<string, bigint>;
  /** Attributes that are graphs, by name. */
  readonly branches: ReadonlyMap<string, Uint8Array>;
}

/** An `If` in an `If` is as deep as conversion goes. */
const MAX_DEPTH = 2;

/** The values of a graph that were there before a node: its inputs, constants and what earlier nodes gave. */
export interface GraphValues {
  readonly defined: Set<string>;
  readonly constants: ReadonlyMap<string, GraphTensor>;
}

/**
 * Checks one `NodeProto`: a known operator that reads what is already there and names each of its outputs for
 * the first time, which are then added to `defined`.
 *
 * @returns the outputs.
 * @throws MODEL_INVALID otherwise.
 */
export function checkGraphNode(
  message: Uint8Array,
  { defined, constants }: GraphValues,
  depth = 0,
): readonly string[] {
  const node = readNode(message);
  if (GRAPH_OPERATORS.get(node.operator) !== node.domain) {
    throw invalidModel('a graph file uses an unknown operator');
  }
  if (!node.inputs.every((name) => name === '' || defined.has(name))) {
    throw invalidModel('a graph file reads a value that is not there yet');
  }
  if (node.operator === 'MatMulNBits') checkBlockProduct(node, constants);
  checkBranches(node, { defined, constants }, depth);
  const given = node.outputs.filter((name) => name !== '');
  for (const name of given) {
    if (defined.has(name)) throw invalidModel('a graph file gives two values one name');
    defined.add(name);
  }
  return given;
}

/** An `If` has two branches of nodes, which see what is around them and keep what they give to themselves. */
function checkBranches(node: GraphNode, { defined, constants }: GraphValues, depth: number): void {
  const names = node.operator === 'If' ? ['then_branch', 'else_branch'] : [];
  const isComplete =
    node.branches.size === names.length && names.every((name) => node.branches.has(name));
  if (!isComplete || depth > MAX_DEPTH) {
    throw invalidModel('a graph file holds a graph where none belongs');
  }
  for (const branch of node.branches.values()) {
    const outputs: string[] = [];
    const nodes: Uint8Array[] = [];
    for (const field of readKnown(branch, [1, 2, 12], 'branch')) {
      if (field.number === 1) nodes.push(toBytes(field));
      if (field.number === 12) outputs.push(readGraphValue(toBytes(field)).name);
    }
    const given = nodes.flatMap((inner) =>
      checkGraphNode(inner, { defined, constants }, depth + 1),
    );
    if (outputs.length !== node.outputs.length || !outputs.every((name) => defined.has(name))) {
      throw invalidModel('a graph file promises a value that nothing gives');
    }
    // Taken back rather than kept in a copy: a file of branches alone would copy all names for each of them.
    for (const name of given) defined.delete(name);
  }
}

function readNode(message: Uint8Array): GraphNode {
  let operator = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const integers = new Map<string, bigint>();
  const branches = new Map<string, Uint8Array>();
  for (const field of readKnown(message, [1, 2, 3, 4, 5, 7], 'node')) {
    if (field.number === 1) inputs.push(toText(field));
    if (field.number === 2) outputs.push(toText(field));
    if (field.number === 4) operator = toText(field);
    if (field.number === 5) readAttribute(toBytes(field), integers, branches);
    if (field.number === 7) domain = toText(field);
  }
  return { operator, domain, inputs, outputs, integers, branches };
}

/** Numbers and branches only: an attribute may also hold a tensor with a file of its own. */
function readAttribute(
  message: Uint8Array,
  integers: Map<string, bigint>,
  branches: Map<string, Uint8Array>,
): void {
  let name = '';
  let integer: bigint | undefined;
  let branch: Uint8Array | undefined;
  for (const field of readKnown(message, [1, 2, 3, 6, 8, 20], 'attribute')) {
    if (field.number === 1) name = toText(field);
    if (field.number === 3) integer = toInteger(field);
    if (field.number === 6) {
      if (branch) throw invalidModel('a graph file is malformed');
      branch = toBytes(field);
    }
  }
  if (branch && branches.has(name)) throw invalidModel('a graph file is malformed');
  if (branch) branches.set(name, branch);
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
