import { readKnown, toBytes, toInteger, toText } from './graph-message.js';
import { invalidModel } from './invalid-model.js';

/** The file that a graph may take its weights from. */
export interface WeightsFile {
  readonly name: string;
  readonly bytes: number;
}

/** A constant of a graph that was found sound. */
export interface GraphTensor {
  readonly name: string;
  readonly type: 'float32' | 'uint8' | 'int8' | 'int64';
  /** Product of its dimensions. */
  readonly values: bigint;
}

/** By `TensorProto.DataType`. */
const TYPES: ReadonlyMap<bigint, { type: GraphTensor['type']; bytesPerValue: bigint }> = new Map([
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
export function checkGraphTensor(message: Uint8Array, weights: WeightsFile): GraphTensor {
  let name = '';
  let code = 0n;
  let location = 0n;
  let inline: Uint8Array | undefined;
  const shape: bigint[] = [];
  const entries = new Map<string, string>();
  for (const field of readKnown(message, [1, 2, 8, 9, 13, 14], 'tensor')) {
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
  const [key, value, ...rest] = Array.from(readKnown(message, [1, 2], 'entry'));
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
