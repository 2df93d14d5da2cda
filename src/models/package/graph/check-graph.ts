import { readKnownFields, toBytes, toText, toInteger } from './protobuf-reader.js';
import { ALLOWED_OPERATORS } from './allowed-operators.js';
import { invalidModel, quoteName } from '../invalid-model.js';

/** Graph inputs by name: dimensions, `null` for a dynamic one. */
export type GraphInputs = ReadonlyMap<string, readonly (number | null)[]>;

const DOMAINS: ReadonlySet<string> = new Set(ALLOWED_OPERATORS.values());

/** The `.onnx.data` file beside a graph. */
interface WeightsFile {
  readonly name: string;
  readonly bytes: number;
}

/** A validated `TensorProto`. */
interface Initializer {
  readonly name: string;
  readonly type: 'float32' | 'uint8' | 'int8' | 'int64';
  /** Number of elements. */
  readonly values: bigint;
}

/** A parsed `NodeProto`. */
interface Node {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integer attributes by name. */
  readonly integers: ReadonlyMap<string, bigint>;
  /** Graph attributes (encoded `GraphProto`) by name. */
  readonly branches: ReadonlyMap<string, Uint8Array>;
}

/** Values a node may use: graph inputs, initializers and outputs of earlier nodes. */
interface ValueScope {
  readonly defined: Set<string>;
  readonly constants: ReadonlyMap<string, Initializer>;
}

/** A parsed `ValueInfoProto`: a graph input or output. */
interface ValueInfo {
  readonly name: string;
  /** `null` for a dynamic dimension. */
  readonly sizes: readonly (number | null)[];
}

/** Maximum nesting of `If` nodes. Converted graphs have at most an `If` in an `If`. */
const MAX_DEPTH = 2;

/** The permitted tensor types, by `TensorProto.DataType`. */
const TYPES: ReadonlyMap<bigint, { type: Initializer['type']; bytesPerValue: bigint }> = new Map([
  [1n, { type: 'float32', bytesPerValue: 4n }],
  [2n, { type: 'uint8', bytesPerValue: 1n }],
  [3n, { type: 'int8', bytesPerValue: 1n }],
  [7n, { type: 'int64', bytesPerValue: 8n }],
]);

const MAX_DIMENSIONS = 8;

/**
 * Validates an ONNX file before ONNX Runtime parses it. Only the fields and operators that the converter writes are
 * permitted. Each value must be defined once and before its use. External weights must be within the package's own data
 * file. Inputs must be listed in `inputs` with their dimensions. The numbers below are field numbers of onnx.proto.
 *
 * @param model an encoded `ModelProto`.
 * @throws MODEL_INVALID
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
  if (graphs !== 1) throw invalidModel(`the file must contain 1 graph, found ${graphs}`);
}

function checkOperatorSet(message: Uint8Array): void {
  for (const field of readKnownFields(message, [1, 2], 'operator set')) {
    if (field.number === 1 && !DOMAINS.has(toText(field))) {
      throw invalidModel('the graph imports an operator set other than ONNX and com.microsoft');
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
      throw invalidModel(`the value ${quoteName(name)} is defined twice or has no name`);
    }
    defined.add(name);
  };
  // Protobuf fields come in any order: collect the initializers first, then check the nodes that use them.
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
  const missing = outputs.find((name) => !defined.has(name));
  if (missing !== undefined) throw undefinedOutput(missing);
}

/** @returns the input's name. */
function checkInput(message: Uint8Array, inputs: GraphInputs): string {
  const { name, sizes } = readValueInfo(message);
  const expected = inputs.get(name);
  const sound =
    expected?.length === sizes.length &&
    expected.every((size, index) => size === null || sizes[index] === size);
  if (!sound) {
    throw invalidModel(
      `the graph input ${quoteName(name)} is unknown or its dimensions do not match the manifest`,
    );
  }
  return name;
}

/**
 * Validates a `NodeProto`: an allowed operator, defined inputs, new output names. Adds the outputs to `defined`.
 *
 * @returns the output names.
 * @throws MODEL_INVALID
 */
function checkNode(
  message: Uint8Array,
  { defined, constants }: ValueScope,
  depth = 0,
): readonly string[] {
  const node = readNode(message);
  if (ALLOWED_OPERATORS.get(node.operator) !== node.domain) {
    throw invalidModel(`the operator ${quoteName(node.operator)} is not allowed in model packages`);
  }
  const unknown = node.inputs.find((name) => name !== '' && !defined.has(name));
  if (unknown !== undefined) {
    throw invalidModel(`a node uses the value ${quoteName(unknown)} before it is defined`);
  }
  if (node.operator === 'MatMulNBits') checkMatMulNBits(node, constants);
  checkBranches(node, { defined, constants }, depth);
  const given = node.outputs.filter((name) => name !== '');
  for (const name of given) {
    if (defined.has(name))
      throw invalidModel(`the value ${quoteName(name)} is defined twice or has no name`);
    defined.add(name);
  }
  return given;
}

/** Only `If` has branches. Their nodes may use the outer values; values defined in a branch are local to it. */
function checkBranches(node: Node, { defined, constants }: ValueScope, depth: number): void {
  const names = node.operator === 'If' ? ['then_branch', 'else_branch'] : [];
  const isComplete =
    node.branches.size === names.length && names.every((name) => node.branches.has(name));
  if (!isComplete || depth > MAX_DEPTH) {
    throw invalidModel(
      `the node ${quoteName(node.operator)} has wrong branches, or \`If\` nodes are nested deeper than ${MAX_DEPTH}`,
    );
  }
  for (const branch of node.branches.values()) {
    const outputs: string[] = [];
    const nodes: Uint8Array[] = [];
    for (const field of readKnownFields(branch, [1, 2, 12], 'branch')) {
      if (field.number === 1) nodes.push(toBytes(field));
      if (field.number === 12) outputs.push(readValueInfo(toBytes(field)).name);
    }
    const given = nodes.flatMap((inner) => checkNode(inner, { defined, constants }, depth + 1));
    if (outputs.length !== node.outputs.length) {
      throw invalidModel(
        `a branch has ${outputs.length} outputs, its \`If\` node ${node.outputs.length}`,
      );
    }
    const missing = outputs.find((name) => !defined.has(name));
    if (missing !== undefined) throw undefinedOutput(missing);
    // Deleting the local names costs less than a copy of `defined` per branch, which a hostile file could multiply.
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

/** Numbers and graphs only. Tensor attributes are rejected because they could refer to other files. */
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
      if (branch) throw invalidModel('an attribute contains two graphs');
      branch = toBytes(field);
    }
  }
  if (branch && branches.has(name))
    throw invalidModel('a node has two attributes of the same name');
  if (branch) branches.set(name, branch);
  if (integer !== undefined) integers.set(name, integer);
}

/**
 * The MatMulNBits kernel addresses weights, scales and zero points by the attributes N, K, bits and block_size alone.
 * Sizes that do not match would make it read outside of the buffers.
 *
 * @throws MODEL_INVALID
 */
function checkMatMulNBits(
  { inputs, integers }: Node,
  constants: ReadonlyMap<string, Initializer>,
): void {
  const attribute = (name: string) => integers.get(name) ?? 0n;
  const [rows, columns, bits, blockSize] = ['N', 'K', 'bits', 'block_size'].map(attribute) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const weights = constants.get(inputs[1] ?? '');
  const scales = constants.get(inputs[2] ?? '');
  const zeroPoints = constants.get(inputs[3] ?? '');
  const isBlockSize = [16n, 32n, 64n, 128n, 256n].includes(blockSize);
  const rowBlocks = isBlockSize ? (columns + blockSize - 1n) / blockSize : 0n;
  const blocks = rows * rowBlocks;
  const sound =
    inputs.length <= 4 &&
    (inputs.length < 4 ||
      (zeroPoints?.type === 'uint8' &&
        zeroPoints.values === rows * ((rowBlocks * bits + 7n) / 8n))) &&
    blocks > 0n &&
    (bits === 4n || bits === 8n) &&
    attribute('accuracy_level') <= 4n &&
    weights?.type === 'uint8' &&
    weights.values === (blocks * blockSize * bits) / 8n &&
    scales?.type === 'float32' &&
    scales.values === blocks;
  if (!sound)
    throw invalidModel(
      'the attributes of a MatMulNBits node do not match the sizes of its weights, scales and zero points',
    );
}

/**
 * Validates a `TensorProto`: a known type, and exactly the bytes that the shape needs, inline or within `weights` at an
 * aligned offset.
 *
 * @throws MODEL_INVALID
 */
function checkInitializer(message: Uint8Array, weights: WeightsFile): Initializer {
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
  const type = TYPES.get(code);
  if (!type || shape.length > MAX_DIMENSIONS || shape.some((size) => size >= 1n << 32n)) {
    throw invalidInitializer(name);
  }
  const values = shape.reduce((product, size) => product * size, 1n);
  const bytes = values * type.bytesPerValue;
  if (location === 0n) {
    if (entries.size > 0 || BigInt(inline?.length ?? 0) !== bytes) {
      throw invalidInitializer(name);
    }
  } else {
    const [offset, length] = [toCount(entries.get('offset')), toCount(entries.get('length'))];
    const sound =
      location === 1n &&
      inline === undefined &&
      entries.size === 3 &&
      entries.get('location') === weights.name &&
      length === bytes &&
      offset % type.bytesPerValue === 0n &&
      offset + length <= BigInt(weights.bytes);
    if (!sound) throw invalidInitializer(name);
  }
  return { name, type: type.type, values };
}

function readEntry(message: Uint8Array, entries: Map<string, string>): void {
  const [key, value, ...rest] = Array.from(readKnownFields(message, [1, 2], 'entry'));
  const sound = key?.number === 1 && value?.number === 2 && rest.length === 0;
  if (!sound || entries.has(toText(key))) throw invalidInitializer('');
  entries.set(toText(key), toText(value));
}

/** Parses 1 to 15 decimal digits. @throws MODEL_INVALID */
function toCount(text: string | undefined): bigint {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw invalidInitializer('');
  return BigInt(text);
}

function invalidInitializer(name: string): Error {
  return invalidModel(
    `the initializer ${quoteName(name)} has an unknown type, a size that does not match its shape, or data outside of its file`,
  );
}

function undefinedOutput(name: string): Error {
  return invalidModel(`no node computes the output ${quoteName(name)}`);
}

/** Parses a `ValueInfoProto` of a tensor. @throws MODEL_INVALID */
function readValueInfo(message: Uint8Array): ValueInfo {
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

/** Dimensions of a `TypeProto.Tensor`. */
function* readSizes(message: Uint8Array): Generator<number | null> {
  for (const field of readKnownFields(message, [1, 2], 'tensor type')) {
    if (field.number === 1) continue;
    for (const dimension of readKnownFields(toBytes(field), [1], 'shape')) {
      const [size, ...rest] = readKnownFields(toBytes(dimension), [1, 2], 'dimension');
      if (size === undefined || rest.length > 0)
        throw invalidModel('a dimension has no value, or two');
      yield size.number === 1 ? Number(toInteger(size)) : null;
    }
  }
}
