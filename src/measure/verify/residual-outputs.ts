import { invalidModel } from '../../models/package/invalid-model.js';
import { type Field, readFields } from '../../models/package/graph/protobuf-reader.js';

/** A graph that hands out more than it was converted to. */
export interface ObservedGraph {
  /** An ONNX model over the same weights. */
  readonly model: Uint8Array;
  /** The residual stream after each layer, `[rows, positions, hidden]`, or `[rows, hidden]` of the last position. */
  readonly outputs: readonly string[];
}

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_OUTPUT = 12;
const NODE = { input: 1, output: 2, operator: 4 } as const;

/** Adds to a decoder's residual stream and normalises it; the sum is its fourth output. */
const SKIP_NORM = 'SkipSimplifiedLayerNormalization';
const SUM_OUTPUT = 3;
/** Normalises a tower's residual stream: before the first layer, and wherever something was added but at the end. */
const NORM = 'LayerNormalization';

interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Makes the residual stream after every layer an output of a decoder's or a tower's graph. Each layer adds to the stream
 * twice, after its attention and after its perceptron; the tower's last layer does so without normalising.
 *
 * @throws MODEL_INVALID when the graph is not built like that.
 */
export function exposeResidualStream(model: Uint8Array): ObservedGraph {
  const graph = Array.from(readFields(model)).find(({ number }) => number === MODEL_GRAPH);
  if (graph?.kind !== 'bytes') throw invalidModel('a graph file must hold one graph');
  const outputs = findResidualStream(readNodes(graph.value));
  const added = outputs.map((name) => delimited(GRAPH_OUTPUT, describeOutput(name)));
  // Parts of a message that come apart count as one: the new outputs are a second piece of the graph.
  return {
    model: Buffer.concat([model, delimited(MODEL_GRAPH, Buffer.concat(added))]),
    outputs,
  };
}

function findResidualStream(nodes: readonly Node[]): string[] {
  const ofDecoder = nodes
    .filter(({ operator }) => operator === SKIP_NORM)
    .map(({ outputs }) => outputs[SUM_OUTPUT] ?? '');
  const ofTower = nodes
    .filter(({ operator }) => operator === NORM)
    .map(({ inputs }) => inputs[0] ?? '')
    .slice(1);
  const sums = ofDecoder.length > 0 ? ofDecoder : ofTower;
  const afterLayers = sums.filter((_, index) => index % 2 === 1);
  if (sums.length % 2 === 1) {
    const last = sums.at(-1) ?? '';
    const end = nodes.find(({ operator, inputs }) => operator === 'Add' && inputs.includes(last));
    afterLayers.push(end?.outputs[0] ?? '');
  }
  if (afterLayers.length === 0 || afterLayers.includes('')) {
    throw invalidModel('the layers of a graph file cannot be told apart');
  }
  return afterLayers;
}

function readNodes(graph: Uint8Array): Node[] {
  const nodes: Node[] = [];
  for (const field of readFields(graph)) {
    if (field.number !== GRAPH_NODE || field.kind !== 'bytes') continue;
    const parts = Array.from(readFields(field.value));
    nodes.push({
      operator: texts(parts, NODE.operator)[0] ?? '',
      inputs: texts(parts, NODE.input),
      outputs: texts(parts, NODE.output),
    });
  }
  return nodes;
}

function texts(fields: readonly Field[], number: number): string[] {
  return fields.flatMap((field) =>
    field.number === number && field.kind === 'bytes'
      ? [Buffer.from(field.value).toString('utf8')]
      : [],
  );
}

/** ValueInfoProto: the name, and a tensor of floats of whatever shape. */
function describeOutput(name: string): Uint8Array {
  const elementType = Uint8Array.of(0x08, 0x01);
  const type = delimited(1, elementType);
  return Buffer.concat([delimited(1, Buffer.from(name, 'utf8')), delimited(2, type)]);
}

/** A field of bytes. Source: https://protobuf.dev/programming-guides/encoding/. */
function delimited(number: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
