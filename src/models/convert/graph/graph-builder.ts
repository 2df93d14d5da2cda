import { ALLOWED_OPERATORS } from '../../package/graph/allowed-operators.js';
import type {
  Attribute,
  ElementType,
  OnnxBranch,
  OnnxGraph,
  OnnxInitializer,
  OnnxNode,
  OnnxValue,
  WeightLocation,
} from './onnx-model.js';

/** Builds an ONNX graph node by node. Values are referred to by name; `emit` returns the name of the output. */
export class GraphBuilder {
  private nodes: OnnxNode[] = [];
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];
  private readonly initializers = new Map<string, OnnxInitializer>();

  constructor(private readonly name: string) {}

  input(name: string, type: ElementType, shape: readonly (number | string)[]): string {
    this.inputs.push({ name, type, shape });
    return name;
  }

  output(name: string, type: ElementType, shape: readonly (number | string)[]): void {
    this.outputs.push({ name, type, shape });
  }

  /** Adds a node with one output. */
  emit(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.emitAll(operator, inputs, [output], attributes);
    return output;
  }

  /** Adds a node with several outputs. The name '' omits an optional output. */
  emitAll(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    const domain = ALLOWED_OPERATORS.get(operator);
    if (domain === undefined)
      throw new RangeError(`The operator ${operator} is not in ALLOWED_OPERATORS.`);
    this.nodes.push({ operator, domain, inputs, outputs, attributes });
  }

  /**
   * Adds an `If` node with one output. The two functions emit the nodes of the branches and return the name of their
   * output. Names must be unique in the whole graph.
   *
   * @param condition name of a bool with one element.
   */
  emitIf(
    condition: string,
    output: string,
    whenTrue: () => string,
    whenFalse: () => string,
  ): string {
    return this.emit('If', [condition], output, {
      then_branch: { branch: this.branch(`${output}.then`, whenTrue) },
      else_branch: { branch: this.branch(`${output}.else`, whenFalse) },
    });
  }

  private branch(name: string, emit: () => string): OnnxBranch {
    const outer = this.nodes;
    this.nodes = [];
    const output = emit();
    const branch = { name, nodes: this.nodes, output };
    this.nodes = outer;
    return branch;
  }

  /** An inline float32 constant. */
  floats(name: string, values: Float32Array, shape: readonly number[]): string {
    return this.constant(name, 'float32', shape, new Uint8Array(values.slice().buffer));
  }

  /** An inline int64 vector: a shape, or the sizes of a Split. */
  integers(name: string, values: readonly number[]): string {
    const words = BigInt64Array.from(values, BigInt);
    return this.constant(name, 'int64', [values.length], new Uint8Array(words.buffer));
  }

  /** An inline int64 scalar. As an index it makes Gather drop the axis. */
  integer(name: string, value: number): string {
    return this.constant(name, 'int64', [], new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  }

  byte(name: string, value: number): string {
    return this.constant(name, 'uint8', [], Uint8Array.of(value));
  }

  signedByte(name: string, value: number): string {
    return this.constant(name, 'int8', [], new Uint8Array(Int8Array.of(value).buffer));
  }

  /** A constant in the external data file. */
  weight(
    name: string,
    type: ElementType,
    shape: readonly number[],
    { file, offset, length }: WeightLocation,
  ): string {
    this.initializers.set(name, { name, type, shape, content: { file, offset, length } });
    return name;
  }

  build(): OnnxGraph {
    const { name, nodes, inputs, outputs } = this;
    return { name, nodes, inputs, outputs, initializers: [...this.initializers.values()] };
  }

  /** Idempotent: callers use the same name for the same value only. */
  private constant(
    name: string,
    type: ElementType,
    shape: readonly number[],
    bytes: Uint8Array,
  ): string {
    this.initializers.set(name, { name, type, shape, content: { bytes } });
    return name;
  }
}
