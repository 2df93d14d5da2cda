import { ProtobufWriter } from './protobuf-writer.js';

/** `TensorProto.DataType` of onnx.proto. */
const ELEMENT_TYPES = { float32: 1, uint8: 2, int8: 3, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly branch: OnnxBranch };

/** A branch of an `If`: nodes that may use all outer values, and the name of its output. */
export interface OnnxBranch {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly output: string;
}

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Position of a constant in the external data file. */
export interface WeightLocation {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** A constant, stored inline or in the external data file. */
export interface OnnxInitializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly content: { readonly bytes: Uint8Array } | WeightLocation;
}

/** A graph input or output. Dynamic dimensions are names. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxInitializer[];
}

/** Operator set 17 introduced LayerNormalization; IR version 8 belongs to it. */
const IR_VERSION = 8;
const OPERATOR_SET = 17;

/** Contrib operators of ONNX Runtime. */
const MICROSOFT_DOMAIN = 'com.microsoft';

/** `AttributeProto.AttributeType` of onnx.proto. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_GRAPH = 5;
const ATTRIBUTE_INTS = 7;

/** `TensorProto.DataLocation.EXTERNAL` of onnx.proto. */
const EXTERNAL = 1;

/** Encodes a graph as `ModelProto`. The numbers are field numbers of onnx.proto (https://github.com/onnx/onnx). */
export function encodeOnnxModel(graph: OnnxGraph): Uint8Array {
  return new ProtobufWriter()
    .integer(1, IR_VERSION)
    .text(2, 'visual-salamandra')
    .message(7, encodeGraph(graph))
    .message(8, new ProtobufWriter().text(1, '').integer(2, OPERATOR_SET))
    .message(8, new ProtobufWriter().text(1, MICROSOFT_DOMAIN).integer(2, 1))
    .finish();
}

function encodeGraph(graph: OnnxGraph): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const node of graph.nodes) writer.message(1, encodeNode(node));
  writer.text(2, graph.name);
  for (const initializer of graph.initializers) writer.message(5, encodeInitializer(initializer));
  for (const input of graph.inputs) writer.message(11, encodeValue(input));
  for (const output of graph.outputs) writer.message(12, encodeValue(output));
  return writer;
}

function encodeNode(node: OnnxNode): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  writer.text(3, node.outputs.find((output) => output !== '') ?? '').text(4, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, encodeAttribute(name, attribute));
  }
  return writer.text(7, node.domain);
}

function encodeAttribute(name: string, attribute: Attribute): ProtobufWriter {
  const writer = new ProtobufWriter().text(1, name);
  if ('float' in attribute) return writer.float(2, attribute.float).integer(20, ATTRIBUTE_FLOAT);
  if ('int' in attribute) return writer.integer(3, attribute.int).integer(20, ATTRIBUTE_INT);
  if ('branch' in attribute) {
    return writer.message(6, encodeBranch(attribute.branch)).integer(20, ATTRIBUTE_GRAPH);
  }
  for (const value of attribute.ints) writer.integer(8, value);
  return writer.integer(20, ATTRIBUTE_INTS);
}

/** A `GraphProto` with nodes only. ONNX Runtime infers the type of its output. */
function encodeBranch({ name, nodes, output }: OnnxBranch): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const node of nodes) writer.message(1, encodeNode(node));
  return writer.text(2, name).message(12, new ProtobufWriter().text(1, output));
}

function encodeInitializer({ name, type, shape, content }: OnnxInitializer): ProtobufWriter {
  const writer = new ProtobufWriter();
  for (const size of shape) writer.integer(1, size);
  writer.integer(2, ELEMENT_TYPES[type]).text(8, name);
  if ('bytes' in content) return writer.bytes(9, content.bytes);
  const entries = {
    location: content.file,
    offset: String(content.offset),
    length: String(content.length),
  };
  for (const [key, value] of Object.entries(entries)) {
    writer.message(13, new ProtobufWriter().text(1, key).text(2, value));
  }
  return writer.integer(14, EXTERNAL);
}

function encodeValue({ name, type, shape }: OnnxValue): ProtobufWriter {
  const dimensions = new ProtobufWriter();
  for (const size of shape) {
    const dimension = new ProtobufWriter();
    dimensions.message(
      1,
      typeof size === 'number' ? dimension.integer(1, size) : dimension.text(2, size),
    );
  }
  const tensor = new ProtobufWriter().integer(1, ELEMENT_TYPES[type]).message(2, dimensions);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensor));
}
