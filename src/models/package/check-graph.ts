import { checkGraphNode } from './check-graph-node.js';
import { type GraphTensor, type WeightsFile, checkGraphTensor } from './check-graph-tensor.js';
import { readKnown, toBytes, toText } from './graph-message.js';
import { GRAPH_OPERATORS } from './graph-operators.js';
import { readGraphValue } from './graph-value.js';
import { invalidModel } from './invalid-model.js';

/** What callers feed a graph: by the name of the input, its sizes; null stands for one that varies. */
export type GraphInputs = ReadonlyMap<string, readonly (number | null)[]>;

const DOMAINS: ReadonlySet<string> = new Set(GRAPH_OPERATORS.values());

/**
 * Checks an ONNX file before the runtime sees it: nothing but the fields and operators that conversion
 * writes; every value defined once and before it is read; weights only from the package's own file and inside
 * it; inputs that are among `inputs`, with their sizes. Numbers are field numbers of onnx.proto.
 *
 * @throws MODEL_INVALID otherwise.
 */
export function checkGraph(model: Uint8Array, weights: WeightsFile, inputs: GraphInputs): void {
  let graphs = 0;
  for (const field of readKnown(model, [1, 2, 7, 8], 'model')) {
    if (field.number === 8) checkOperatorSet(toBytes(field));
    if (field.number === 7) {
      graphs++;
      checkGraphMessage(toBytes(field), weights, inputs);
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

function checkGraphMessage(message: Uint8Array, weights: WeightsFile, inputs: GraphInputs): void {
  const nodes: Uint8Array[] = [];
  const outputs: string[] = [];
  const defined = new Set<string>();
  const constants = new Map<string, GraphTensor>();
  const define = (name: string) => {
    if (name === '' || defined.has(name)) {
      throw invalidModel('a graph file gives two values one name');
    }
    defined.add(name);
  };
  // The fields may stand in any order, so nodes wait for the constants they read.
  for (const field of readKnown(message, [1, 2, 5, 11, 12], 'graph')) {
    if (field.number === 1) nodes.push(toBytes(field));
    if (field.number === 5) {
      const tensor = checkGraphTensor(toBytes(field), weights);
      define(tensor.name);
      constants.set(tensor.name, tensor);
    }
    if (field.number === 11) define(checkInput(toBytes(field), inputs));
    if (field.number === 12) outputs.push(readGraphValue(toBytes(field)).name);
  }
  for (const node of nodes) checkGraphNode(node, { defined, constants });
  if (!outputs.every((name) => defined.has(name))) {
    throw invalidModel('a graph file promises a value that nothing gives');
  }
}

/** @returns the input's name. */
function checkInput(message: Uint8Array, inputs: GraphInputs): string {
  const { name, sizes } = readGraphValue(message);
  const expected = inputs.get(name);
  const sound =
    expected?.length === sizes.length &&
    expected.every((size, index) => size === null || sizes[index] === size);
  if (!sound) throw invalidModel('a graph file has an input that its manifest does not explain');
  return name;
}
