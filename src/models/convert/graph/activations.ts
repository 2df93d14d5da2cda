import type { Activation } from '../checkpoint/architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import type { Attribute } from './onnx-model.js';

/** An activation function in ONNX Runtime. */
interface ActivationOperator {
  readonly operator: 'Gelu' | 'FastGelu' | 'QuickGelu' | 'Max';
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Its smallest value, rounded down. */
  readonly minimum: number;
}

/**
 * Gelu is exact, FastGelu its tanh approximation, QuickGelu x * sigmoid(alpha * x). A rectifier is the maximum of x and
 * 0; its minimum is not 0, because the quantization divides by it.
 */
export const ACTIVATION_OPERATORS: Readonly<Record<Activation, ActivationOperator>> = {
  gelu: { operator: 'Gelu', minimum: -0.1701 },
  gelu_pytorch_tanh: { operator: 'FastGelu', minimum: -0.1701 },
  quick_gelu: { operator: 'QuickGelu', attributes: { alpha: { float: 1.702 } }, minimum: -0.1637 },
  relu: { operator: 'Max', minimum: -1e-6 },
  silu: { operator: 'QuickGelu', attributes: { alpha: { float: 1 } }, minimum: -0.2785 },
};

export function emitActivation(
  activation: Activation,
  graph: GraphBuilder,
  x: string,
  output: string,
): string {
  const { operator, attributes } = ACTIVATION_OPERATORS[activation];
  const inputs = operator === 'Max' ? [x, graph.floats('floor', Float32Array.of(0), [])] : [x];
  return graph.emit(operator, inputs, output, attributes);
}
