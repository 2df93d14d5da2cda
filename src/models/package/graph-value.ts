import { readKnown, toBytes, toInteger, toText } from './graph-message.js';
import { invalidModel } from './invalid-model.js';

/** What a graph says about one of its inputs or outputs. */
export interface GraphValue {
  readonly name: string;
  /** Null for a dimension that varies. */
  readonly sizes: readonly (number | null)[];
}

/** Reads a `ValueInfoProto` that describes a tensor. @throws MODEL_INVALID when it is malformed. */
export function readGraphValue(message: Uint8Array): GraphValue {
  let name = '';
  const sizes: (number | null)[] = [];
  for (const field of readKnown(message, [1, 2], 'value')) {
    if (field.number === 1) name = toText(field);
    else
      for (const tensor of readKnown(toBytes(field), [1], 'type')) {
        sizes.push(...readSizes(toBytes(tensor)));
      }
  }
  return { name, sizes };
}

/** Of a `TypeProto.Tensor`: element type and shape, a list of dimensions. */
function* readSizes(message: Uint8Array): Generator<number | null> {
  for (const field of readKnown(message, [1, 2], 'tensor type')) {
    if (field.number === 1) continue;
    for (const dimension of readKnown(toBytes(field), [1], 'shape')) {
      const [size, ...rest] = readKnown(toBytes(dimension), [1, 2], 'dimension');
      if (size === undefined || rest.length > 0) throw invalidModel('a graph file is malformed');
      yield size.number === 1 ? Number(toInteger(size)) : null;
    }
  }
}
