import { readKnownFields, toBytes, toText, toInteger } from './protobuf-reader.js';
import { ALLOWED_OPERATORS } from './allowed-operators.js';
import { invalidModel } from '../invalid-model.js';

/** What callers feed a graph: by the name of the input, its sizes; null stands for one that varies. */
export type GraphInputs = ReadonlyMap<string, readonly (number | null)[]>;

const DOMAINS: ReadonlySet<string> = new Set(ALLOWED_OPERATORS.values());

/**
 * Checks an ONNX file before the runtime sees it: nothing but the fields and operators that conversion
 * writes; every value defined once and before it is read; weights only from the package's own file and inside
 * it; inputs that are among `inputs`, with their sizes. Numbers are field numbers of onnx.proto.
 *
 * @throws MODEL_INVALID otherwise.
 */
export function checkGraph(model: Uint8Array, weights: WeightsFile, inputs: GraphInputs): void {
  let graphs = 0;
  for (const field of readKnownFields(model, [1, 2, 7, 8], 'model')) {
    if (field.number === 8) checkOperatorSet(toBytes(field));
    if (field.number === 7) {
      graphs++;
      checkGraphMessage(toBytes(field), weights, inputs);
    }
  }
  if (graphs !== 1) throw invalidModel('a graph file must hold one graph');
}

function checkOperatorSet(message: Uint8Array): void {
  for (const field of readKnownFields(message, [1, 2], 'operator set')) {
    if (field.number === 1 && !DOMAINS.has(toText(field))) {
      throw invalidModel('a graph file asks for unknown operators');
    }
  }
}

function checkGraphMessage(message: Uint8Array, weights: WeightsFile, inputs: GraphInputs): void {
  const nodes: Uint8Array[] = [];
  const outputs: string[] = [];
  const defined = new Set<string>();
  const constants = new Map<string, Initializer>();
  const define = (name: string) => {
    if (name === '' || defined.has(name)) {
      throw invalidModel('a graph file gives two values one name');
    }
    defined.add(name);
  };
  // The fields may stand in any order, so nodes wait for the constants they read.
  for (const field of readKnownFields(message, [1, 2, 5, 11, 12], 'graph')) {
    if (field.number === 1) nodes.push(toBytes(field));
    if (field.number === 5) {
      const tensor = checkInitializer(toBytes(field), weights);
      define(tensor.name);
      constants.set(tensor.name, tensor);
    }
    if (field.number === 11) define(checkInput(toBytes(field), inputs));
    if (field.number === 12) outputs.push(readValueInfo(toBytes(field)).name);
  }
  for (const node of nodes) checkNode(node, { defined, constants });
  if (!outputs.every((name) => defined.has(name))) {
    throw invalidModel('a graph file promises a value that nothing gives');
  }
}

/** @returns the input's name. */
function checkInput(message: Uint8Array, inputs: GraphInputs): string {
  const { name, sizes } = readValueInfo(message);
  const expected = inputs.get(name);
  const sound =
    expected?.length === sizes.length &&
    expected.every((size, index) => size === null || sizes[index] === size);
  if (!sound) throw invalidModel('a graph file has an input that its manifest does not explain');
  return name;
}

interface Node {
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
export interface ValueScope {
  readonly defined: Set<string>;
  readonly constants: ReadonlyMap<string, Initializer>;
}

/**
 * Checks one `NodeProto`: a known operator that reads what is already there and names each of its outputs for
 * the first time, which are then added to `defined`.
 *
 * @returns the outputs.
 * @throws MODEL_INVALID otherwise.
 */
export function checkNode(
  message: Uint8Array,
  { defined, constants }: ValueScope,
  depth = 0,
): readonly string[] {
  const node = readNode(message);
  if (ALLOWED_OPERATORS.get(node.operator) !== node.domain) {
    throw invalidModel('a graph file uses an unknown operator');
  }
  if (!node.inputs.every((name) => name === '' || defined.has(name))) {
    throw invalidModel('a graph file reads a value that is not there yet');
  }
  if (node.operator === 'MatMulNBits') checkMatMulNBits(node, constants);
  checkBranches(node, { defined, constants }, depth);
  const given = node.outputs.filter((name) => name !== '');
  for (const name of given) {
    if (defined.has(name)) throw invalidModel('a graph file gives two values one name');
    defined.add(name);
  }
  return given;
}

/** An `If` has two branches of nodes, which see what is around them and keep what they give to themselves. */
function checkBranches(node: Node, { defined, constants }: ValueScope, depth: number): void {
  const names = node.operator === 'If' ? ['then_branch', 'else_branch'] : [];
  const isComplete =
    node.branches.size === names.length && names.every((name) => node.branches.has(name));
  if (!isComplete || depth > MAX_DEPTH) {
    throw invalidModel('a graph file holds a graph where none belongs');
  }
  for (const branch of node.branches.values()) {
    const outputs: string[] = [];
    const nodes: Uint8Array[] = [];
    for (const field of readKnownFields(branch, [1, 2, 12], 'branch')) {
      if (field.number === 1) nodes.push(toBytes(field));
      if (field.number === 12) outputs.push(readValueInfo(toBytes(field)).name);
    }
    const given = nodes.flatMap((inner) => checkNode(inner, { defined, constants }, depth + 1));
    if (outputs.length !== node.outputs.length || !outputs.every((name) => defined.has(name))) {
      throw invalidModel('a graph file promises a value that nothing gives');
    }
    // Taken back rather than kept in a copy: a file of branches alone would copy all names for each of them.
    for (const name of given) defined.delete(name);
  }
}

function readNode(message: Uint8Array): Node {
  let operator = '';
  let domain = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const integers = new Map<string, bigint>();
  const branches = new Map<string, Uint8Array>();
  for (const field of readKnownFields(message, [1, 2, 3, 4, 5, 7], 'node')) {
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
  for (const field of readKnownFields(message, [1, 2, 3, 6, 8, 20], 'attribute')) {
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
function checkMatMulNBits(
  { inputs, integers }: Node,
  constants: ReadonlyMap<string, Initializer>,
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

/** The file that a graph may take its weights from. */
export interface WeightsFile {
  readonly name: string;
  readonly bytes: number;
}

/** A constant of a graph that was found sound. */
export interface Initializer {
  readonly name: string;
  readonly type: 'float32' | 'uint8' | 'int8' | 'int64';
  /** Product of its dimensions. */
  readonly values: bigint;
}

/** By `TensorProto.DataType`. */
const TYPES: ReadonlyMap<bigint, { type: Initializer['type']; bytesPerValue: bigint }> = new Map([
  [1n, { type: 'float32', bytesPerValue: 4n }],
  [2n, { type: 'uint8', bytesPerValue: 1n }],
  [3n, { type: 'int8', bytesPerValue: 1n }],
  [7n, { type: 'int64', bytesPerValue: 8n }],
]);

const MAX_DIMENSIONS = 8;

/**
 * Checks one `TensorProto`: of a known type, its bytes as many as its shape needs, and inside the graph or in
 * the package's own file, wholly inside it and where a value of its type may start.
 *
 * @throws MODEL_INVALID otherwise.
 */
export function checkInitializer(message: Uint8Array, weights: WeightsFile): Initializer {
  let name = '';
  let code = 0n;
  let location = 0n;
  let inline: Uint8Array | undefined;
  const shape: bigint[] = [];
  const entries = new Map<string, string>();
  for (const field of readKnownFields(message, [1, 2, 8, 9, 13, 14], 'tensor')) {
    if (field.number === 1) shape.push(toInteger(field));
    if (field.number === 2) code = toInteger(field);
    if (field.number === 8) name = toText(field);
    if (field.number === 9) inline = toBytes(field);
    if (field.number === 13) readEntry(toBytes(field), entries);
    if (field.number === 14) location = toInteger(field);
  }
  const known = TYPES.get(code);
  if (!known || shape.length > MAX_DIMENSIONS || shape.some((size) => size >= 1n << 32n)) {
    throw badWeights();
  }
  const values = shape.reduce((product, size) => product * size, 1n);
  const bytes = values * known.bytesPerValue;
  if (location === 0n) {
    if (entries.size > 0 || BigInt(inline?.length ?? 0) !== bytes) throw badWeights();
  } else {
    const [offset, length] = [toCount(entries.get('offset')), toCount(entries.get('length'))];
    const sound =
      location === 1n &&
      inline === undefined &&
      entries.size === 3 &&
      entries.get('location') === weights.name &&
      length === bytes &&
      offset % known.bytesPerValue === 0n &&
      offset + length <= BigInt(weights.bytes);
    if (!sound) throw badWeights();
  }
  return { name, type: known.type, values };
}

function readEntry(message: Uint8Array, entries: Map<string, string>): void {
  const [key, value, ...rest] = Array.from(readKnownFields(message, [1, 2], 'entry'));
  const sound = key?.number === 1 && value?.number === 2 && rest.length === 0;
  if (!sound || entries.has(toText(key))) throw badWeights();
  entries.set(toText(key), toText(value));
}

/** A count in decimal digits; anything else is refused. */
function toCount(text: string | undefined): bigint {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw badWeights();
  return BigInt(text);
}

function badWeights(): Error {
  return invalidModel('a graph file takes weights from where none are');
}

/** What a graph says about one of its inputs or outputs. */
export interface ValueInfo {
  readonly name: string;
  /** Null for a dimension that varies. */
  readonly sizes: readonly (number | null)[];
}

/** Reads a `ValueInfoProto` that describes a tensor. @throws MODEL_INVALID when it is malformed. */
export function readValueInfo(message: Uint8Array): ValueInfo {
  let name = '';
  const sizes: (number | null)[] = [];
  for (const field of readKnownFields(message, [1, 2], 'value')) {
    if (field.number === 1) name = toText(field);
    else
      for (const tensor of readKnownFields(toBytes(field), [1], 'type')) {
        sizes.push(...readSizes(toBytes(tensor)));
      }
  }
  return { name, sizes };
}

/** Of a `TypeProto.Tensor`: element type and shape, a list of dimensions. */
function* readSizes(message: Uint8Array): Generator<number | null> {
  for (const field of readKnownFields(message, [1, 2], 'tensor type')) {
    if (field.number === 1) continue;
    for (const dimension of readKnownFields(toBytes(field), [1], 'shape')) {
      const [size, ...rest] = readKnownFields(toBytes(dimension), [1, 2], 'dimension');
      if (size === undefined || rest.length > 0) throw invalidModel('a graph file is malformed');
      yield size.number === 1 ? Number(toInteger(size)) : null;
    }
  }
}
