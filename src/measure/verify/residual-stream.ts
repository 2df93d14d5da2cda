import { invalidModel } from '../../models/package/invalid-model.js';
import { type Field, readFields } from '../../models/package/graph/protobuf-reader.js';

/** A graph with additional outputs. */
export interface GraphWithLayerOutputs {
  /** An ONNX model that refers to the same weight file. */
  readonly model: Uint8Array;
  /**
   * Names of the residual stream after each layer: `[batch, positions, hidden]`, or `[batch, hidden]` of the last
   * position.
   */
  readonly outputs: readonly string[];
}

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_OUTPUT = 12;
const NODE = { input: 1, output: 2, operator: 4 } as const;

/** Adds to a decoder's residual stream and normalizes it. The sum is its fourth output. */
const SKIP_NORM = 'SkipSimplifiedLayerNormalization';
const SUM_OUTPUT = 3;
/**
 * Normalizes a vision encoder's residual stream: before the first layer, and after every addition but the last. CLIP
 * also normalizes the embeddings, and its residual stream starts with the result.
 */
const NORM = 'LayerNormalization';

interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Adds the residual stream after every layer to the outputs of a decoder's or vision encoder's graph. Each layer adds
 * to the stream twice, after its attention and after its MLP. No normalization follows the vision encoder's last
 * addition.
 *
 * @throws MODEL_INVALID if the graph has another structure.
 */
export function exposeResidualStream(model: Uint8Array): GraphWithLayerOutputs {
  const graph = Array.from(readFields(model)).find(({ number }) => number === MODEL_GRAPH);
  if (graph?.kind !== 'bytes') throw invalidModel('a graph file must contain exactly one graph');
  const outputs = findResidualStream(readNodes(graph.value));
  const added = outputs.map((name) => delimited(GRAPH_OUTPUT, describeOutput(name)));
  // Protobuf merges repeated occurrences of a message field: the second `graph` only holds the new outputs.
  return {
    model: Buffer.concat([model, delimited(MODEL_GRAPH, Buffer.concat(added))]),
    outputs,
  };
}

function findResidualStream(nodes: readonly Node[]): string[] {
  const decoderSums = nodes
    .filter(({ operator }) => operator === SKIP_NORM)
    .map(({ outputs }) => outputs[SUM_OUTPUT] ?? '');
  const norms = nodes.filter(({ operator }) => operator === NORM);
  const normalized = new Set(norms.flatMap(({ outputs }) => outputs));
  const visionSums = norms
    .map(({ inputs }) => inputs[0] ?? '')
    .slice(1)
    .filter((name) => !normalized.has(name));
  const sums = decoderSums.length > 0 ? decoderSums : visionSums;
  const afterLayers = sums.filter((_, index) => index % 2 === 1);
  if (sums.length % 2 === 1) {
    const last = sums.at(-1) ?? '';
    const end = nodes.find(({ operator, inputs }) => operator === 'Add' && inputs.includes(last));
    afterLayers.push(end?.outputs[0] ?? '');
  }
  if (afterLayers.length === 0 || afterLayers.includes('')) {
    throw invalidModel('the residual stream of a graph file has an unknown structure');
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

/** ValueInfoProto: a name and the type float32, without a shape. */
function describeOutput(name: string): Uint8Array {
  const elementType = Uint8Array.of(0x08, 0x01);
  const type = delimited(1, elementType);
  return Buffer.concat([delimited(1, Buffer.from(name, 'utf8')), delimited(2, type)]);
}

/** A length-delimited field. Source: https://protobuf.dev/programming-guides/encoding/. */
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
