import { GRAPH_OPERATORS } from './graph-operators.js';
import { invalidModel } from './invalid-model.js';
import type { Field } from './protobuf-reader.js';
import { readFields } from './protobuf-reader.js';

/** The file that a graph may take its weights from. */
export interface WeightsFile {
  readonly name: string;
  readonly bytes: number;
}

/** Bytes a value, by `TensorProto.DataType`: float, uint8, int8, int64. */
const BYTES_PER_VALUE: ReadonlyMap<bigint, bigint> = new Map([
  [1n, 4n],
  [2n, 1n],
  [3n, 1n],
  [7n, 8n],
]);

const DOMAINS: ReadonlySet<string> = new Set(GRAPH_OPERATORS.values());

/**
 * Checks an ONNX file before the runtime sees it: nothing but the fields and operators that conversion
 * writes, and weights only from the package's own file and inside it. Numbers are field numbers of onnx.proto.
 *
 * @throws MODEL_INVALID otherwise.
 */
export function checkGraph(model: Uint8Array, weights: WeightsFile): void {
  let graphs = 0;
  for (const field of readKnown(model, [1, 2, 7, 8], 'model')) {
    if (field.number === 8) checkOperatorSet(toBytes(field));
    if (field.number === 7) {
      graphs++;
      checkGraphMessage(toBytes(field), weights);
    }
  }
  if (graphs !== 1) throw invalidModel('a graph file must hold one graph');
}

function checkOperatorSet(message: Uint8Array): void {
  for (const field of readKnown(message, [1, 2], 'operator set')) {
    if (field.number === 1 && !DOMAINS.has(toText(field))) {
      throw invalidModel('a graph file asks for unknown operators');
    }
  }
}

function checkGraphMessage(message: Uint8Array, weights: WeightsFile): void {
  // 11 and 12 describe inputs and outputs; they hold names and sizes and refer to nothing.
  for (const field of readKnown(message, [1, 2, 5, 11, 12], 'graph')) {
    if (field.number === 1) checkNode(toBytes(field));
    if (field.number === 5) checkTensor(toBytes(field), weights);
  }
}

function checkNode(message: Uint8Array): void {
  let operator = '';
  let domain = '';
  for (const field of readKnown(message, [1, 2, 3, 4, 5, 7], 'node')) {
    if (field.number === 4) operator = toText(field);
    if (field.number === 7) domain = toText(field);
    // Numbers only: an attribute may also hold a tensor with a file of its own, or a whole graph.
    if (field.number === 5) Array.from(readKnown(toBytes(field), [1, 2, 3, 8, 20], 'attribute'));
  }
  if (GRAPH_OPERATORS.get(operator) !== domain) {
    throw invalidModel('a graph file uses an unknown operator');
  }
}

function checkTensor(message: Uint8Array, weights: WeightsFile): void {
  let values = 1n;
  let type = 0n;
  let location = 0n;
  let inline: Uint8Array | undefined;
  const entries = new Map<string, string>();
  for (const field of readKnown(message, [1, 2, 8, 9, 13, 14], 'tensor')) {
    if (field.number === 1) values *= toInteger(field);
    if (field.number === 2) type = toInteger(field);
    if (field.number === 9) inline = toBytes(field);
    if (field.number === 13) readEntry(toBytes(field), entries);
    if (field.number === 14) location = toInteger(field);
  }
  const bytes = values * (BYTES_PER_VALUE.get(type) ?? -1n);
  if (location === 0n) {
    if (entries.size > 0 || BigInt(inline?.length ?? 0) !== bytes) throw badWeights();
    return;
  }
  const [offset, length] = [toCount(entries.get('offset')), toCount(entries.get('length'))];
  const sound =
    location === 1n &&
    inline === undefined &&
    entries.size === 3 &&
    entries.get('location') === weights.name &&
    length === bytes &&
    offset + length <= BigInt(weights.bytes);
  if (!sound) throw badWeights();
}

function readEntry(message: Uint8Array, entries: Map<string, string>): void {
  const [key, value] = Array.from(readKnown(message, [1, 2], 'entry'));
  if (key?.number !== 1 || value?.number !== 2 || entries.has(toText(key))) throw badWeights();
  entries.set(toText(key), toText(value));
}

/** Reads a message that may hold no other fields than these. */
function* readKnown(message: Uint8Array, known: number[], label: string): Generator<Field> {
  for (const field of readFields(message)) {
    if (!known.includes(field.number)) {
      throw invalidModel(`a graph file holds an unknown field in a ${label}`);
    }
    yield field;
  }
}

function toBytes(field: Field): Uint8Array {
  if (field.kind !== 'bytes') throw invalidModel('a graph file is malformed');
  return field.value;
}

function toInteger(field: Field): bigint {
  if (field.kind !== 'integer') throw invalidModel('a graph file is malformed');
  return field.value;
}

function toText(field: Field): string {
  return Buffer.from(toBytes(field)).toString('latin1');
}

/** A count in decimal digits; anything else is refused. */
function toCount(text: string | undefined): bigint {
  if (text === undefined || !/^[0-9]{1,15}$/.test(text)) throw badWeights();
  return BigInt(text);
}

function badWeights(): Error {
  return invalidModel('a graph file takes weights from where none are');
}
