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

/** Collects a graph node by node. A value is known by its name, which `emit` returns. */
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

  /** Adds an operator with one output, called `output`. */
  emit(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.emitAll(operator, inputs, [output], attributes);
    return output;
  }

  /** Adds an operator with several outputs; one called '' is left out. */
  emitAll(
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    const domain = ALLOWED_OPERATORS.get(operator);
    if (domain === undefined) throw new RangeError(`${operator} is not an operator of packages.`);
    this.nodes.push({ operator, domain, inputs, outputs, attributes });
  }

  /**
   * Adds an `If` with one output. What the two functions emit runs only when it is chosen; they return the name of their
   * result, and all names stay unique over the whole graph.
   *
   * @param condition name of a bool with one value.
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
    const around = this.nodes;
    this.nodes = [];
    const output = emit();
    const branch = { name, nodes: this.nodes, output };
    this.nodes = around;
    return branch;
  }

  /** A float32 constant inside the graph; for single numbers. */
  floats(name: string, values: Float32Array, shape: readonly number[]): string {
    return this.constant(name, 'float32', shape, new Uint8Array(values.slice().buffer));
  }

  /** A list of integers inside the graph: a shape, or the sizes of a split. */
  integers(name: string, values: readonly number[]): string {
    const words = BigInt64Array.from(values, BigInt);
    return this.constant(name, 'int64', [values.length], new Uint8Array(words.buffer));
  }

  /** One integer without a dimension, which makes Gather drop the axis. */
  integer(name: string, value: number): string {
    return this.constant(name, 'int64', [], new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  }

  byte(name: string, value: number): string {
    return this.constant(name, 'uint8', [], Uint8Array.of(value));
  }

  signedByte(name: string, value: number): string {
    return this.constant(name, 'int8', [], new Uint8Array(Int8Array.of(value).buffer));
  }

  /** A constant in the file of weights beside the graph. */
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

  /** A name stands for one value, so asking for the same constant again changes nothing. */
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
