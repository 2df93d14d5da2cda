import type { CacheEncoding } from '../../package/manifest.js';
import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import { emitActivation } from './activations.js';
import { type AttentionInputs, emitAttentionInputs } from './attention-inputs.js';
import { emitCachedAttention, type HeadNorms } from './decoder-attention.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear, StackedMatrix } from './linear.js';
import type { EmitConstant } from './weight-layout.js';

interface DecoderContext {
  readonly graph: GraphBuilder;
  /** Emits the products with the layers' weights. */
  readonly linear: EmitLinear;
  readonly constant: EmitConstant;
  readonly cache: CacheEncoding;
  /** `fused` is faster in decode steps, `separate` in prefill, where splitting the large result costs more. */
  readonly gateAndUp: 'fused' | 'separate';
}

/** Names of the residual stream and its normalized copy, the input of the next block. */
interface Stream {
  readonly sum: string;
  readonly normalized: string;
}

/**
 * Adds a decoder without the output head. A run is the prefill of one sequence (batch 1) or a decode step of a
 * batch (sequence 1). The caller owns the KV cache: the graph reads `prefix.*` (shared by the batch) and `past.*`, and
 * returns only the keys and values of the new positions. The Node.js binding of ONNX Runtime copies all outputs in each
 * run, so returning the whole cache would be slow (figures in docs/decisions/0004-the-host-owns-the-kv-cache.md).
 *
 * Inputs: `inputs_embeds` [batch, sequence, hidden], `position_ids` [batch, sequence], `rope_cos` and `rope_sin`
 * [positions, headDim / 2], `past_length` [1] (filled positions of `past.*`, used in prefill), `attention_bias` [batch,
 * 1, 1, prefix + past + 1] (used in decode steps), and for each layer `prefix.{l}.key`, `prefix.{l}.value` [1,
 * keyValueHeads, prefix, headDim] and `past.{l}.key`, `past.{l}.value` [batch, keyValueHeads, past, headDim]. An int8
 * cache has transposed keys [.., headDim, positions] and the inputs `*.key_scale`, `*.key_shift`, `*.value_scale` [..,
 * 1, prefix or past].
 * Outputs: `hidden` [batch, hidden], the normalized hidden state of the last position, and `present.{l}.*`
 * [batch, keyValueHeads, sequence, headDim or 1] for each cache input of a layer; keys are rotated (RoPE).
 */
export function emitDecoderGraph(decoder: DecoderArchitecture, context: DecoderContext): void {
  const { graph } = context;
  const { layers, hiddenSize } = decoder;
  const inputs = emitInputs(decoder, graph);
  let stream = emitFirstNorm(decoder, context);
  for (let layer = 0; layer + 1 < layers; layer++) {
    const mixed = emitAttention(decoder, context, inputs, layer, stream.normalized);
    stream = emitMlp(decoder, context, layer, mixed, stream.sum);
  }
  const mixed = emitAttention(decoder, context, inputs, layers - 1, stream.normalized);
  // Only the logits of the last position are needed, so the MLP of the last layer skips the others.
  const last = emitMlp(
    decoder,
    context,
    layers - 1,
    emitLastPosition(graph, mixed), // [batch, attentionHeads * headDim]
    emitLastPosition(graph, stream.sum), // [batch, hidden]
  );
  graph.emit('Identity', [last.normalized], 'hidden');
  graph.output('hidden', 'float32', ['batch', hiddenSize]);
}

/** Adds the output head: `hidden` [batch, hidden] to `logits` [batch, vocabulary]. */
export function emitHeadGraph(
  { hiddenSize, vocabularySize, tables, logitSoftcap }: DecoderArchitecture,
  { graph, linear }: Pick<DecoderContext, 'graph' | 'linear'>,
): void {
  graph.input('hidden', 'float32', ['batch', hiddenSize]);
  const matrix = {
    columns: hiddenSize,
    parts: [{ tensor: tables.head, rows: vocabularySize }],
  };
  const product = linear('hidden', 'lm_head', matrix);
  const logits = logitSoftcap === null ? product : emitSoftcap(graph, product, logitSoftcap);
  graph.emit('Identity', [logits], 'logits');
  graph.output('logits', 'float32', ['batch', vocabularySize]);
}

/** cap * tanh(x / cap) */
function emitSoftcap(graph: GraphBuilder, x: string, cap: number): string {
  const limit = graph.floats('softcap', Float32Array.of(cap), []);
  const ratio = graph.emit('Div', [x, limit], `${x}.ratio`);
  return graph.emit('Mul', [graph.emit('Tanh', [ratio], `${x}.tanh`), limit], `${x}.capped`);
}

function emitInputs(
  { hiddenSize, headDim }: DecoderArchitecture,
  graph: GraphBuilder,
): AttentionInputs {
  graph.input('inputs_embeds', 'float32', ['batch', 'sequence', hiddenSize]);
  graph.input('position_ids', 'int64', ['batch', 'sequence']);
  graph.input('rope_cos', 'float32', ['positions', headDim / 2]);
  graph.input('rope_sin', 'float32', ['positions', headDim / 2]);
  graph.input('attention_bias', 'float32', ['batch', 1, 1, 'total']);
  return emitAttentionInputs(graph);
}

function emitAttention(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  inputs: AttentionInputs,
  layer: number,
  x: string,
): string {
  const { graph, linear, cache } = context;
  const fused = linear(x, layerName(layer, 'self_attn.qkv'), attentionMatrix(decoder, layer));
  const norms = emitHeadNorms(decoder, context, layer);
  return emitCachedAttention(decoder, graph, inputs, layer, fused, norms, cache);
}

function attentionMatrix(
  { hiddenSize, attentionHeads, keyValueHeads, headDim, biases }: DecoderArchitecture,
  layer: number,
): StackedMatrix {
  return {
    columns: hiddenSize,
    parts: (['q_proj', 'k_proj', 'v_proj'] as const).map((part) => {
      const rows = (part === 'q_proj' ? attentionHeads : keyValueHeads) * headDim;
      return matrixPart(layerName(layer, `self_attn.${part}`), rows, biases.queriesKeysValues);
    }),
  };
}

function matrixPart(
  name: string,
  rows: number,
  bias: 'present' | 'absent',
): StackedMatrix['parts'][number] {
  const part = { tensor: `${name}.weight`, rows };
  return bias === 'present' ? { ...part, bias: `${name}.bias` } : part;
}

/** Output projection of attention, gated MLP and the norm of the next layer. */
function emitMlp(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  layer: number,
  mixed: string,
  skip: string,
): Stream {
  const { graph, linear } = context;
  const { hiddenSize, intermediateSize, attentionHeads, headDim, biases, norms } = decoder;
  const project = (x: string, part: 'self_attn.o_proj' | 'mlp.down_proj', columns: number) => {
    const name = layerName(layer, part);
    const bias = part === 'mlp.down_proj' ? biases.mlp : biases.attentionOutput;
    return linear(x, name, { columns, parts: [matrixPart(name, hiddenSize, bias)] });
  };
  const normAfter = (x: string, part: string) =>
    norms === 'around' ? emitNorm(decoder, context, x, layerName(layer, part)) : x;
  const output = project(mixed, 'self_attn.o_proj', attentionHeads * headDim);
  const middle = emitSkipNorm(
    decoder,
    context,
    normAfter(output, 'post_attention_layernorm'),
    skip,
    layerName(layer, norms === 'around' ? 'pre_feedforward_layernorm' : 'post_attention_layernorm'),
  );
  const { gate, up } = emitGateAndUp(decoder, context, layer, middle.normalized);
  const activated = emitActivation(decoder.activation, graph, gate, `${gate}.activated`);
  const wide = graph.emit('Mul', [activated, up], `${up}.gated`);
  const expanded = project(wide, 'mlp.down_proj', intermediateSize);
  return emitSkipNorm(
    decoder,
    context,
    normAfter(expanded, 'post_feedforward_layernorm'),
    middle.sum,
    layer + 1 === decoder.layers ? globalName('norm') : layerName(layer + 1, 'input_layernorm'),
  );
}

/** Gate and up projection: two products, or one fused product followed by a Split. */
function emitGateAndUp(
  { hiddenSize, intermediateSize, biases }: DecoderArchitecture,
  { graph, linear, gateAndUp }: DecoderContext,
  layer: number,
  x: string,
): { readonly gate: string; readonly up: string } {
  const [gateName, upName] = ['mlp.gate_proj', 'mlp.up_proj'].map((part) =>
    layerName(layer, part),
  ) as [string, string];
  const partOf = (name: string) => matrixPart(name, intermediateSize, biases.mlp);
  if (gateAndUp === 'separate') {
    const [gate, up] = [gateName, upName].map((name) =>
      linear(x, name, { columns: hiddenSize, parts: [partOf(name)] }),
    ) as [string, string];
    return { gate, up };
  }
  const parts = [partOf(gateName), partOf(upName)];
  const fused = linear(x, layerName(layer, 'mlp.gate_up_proj'), { columns: hiddenSize, parts });
  const [gate, up] = [`${gateName}.product`, `${upName}.product`] as const;
  const widths = graph.integers('gate_up_widths', [intermediateSize, intermediateSize]);
  graph.emitAll('Split', [fused, widths], [gate, up], { axis: { int: -1 } });
  return { gate, up };
}

/** The inputs, multiplied with their factor, and the norm of the first layer. */
function emitFirstNorm(decoder: DecoderArchitecture, context: DecoderContext): Stream {
  const { graph } = context;
  const { inputScale } = decoder;
  let sum = 'inputs_embeds';
  if (inputScale !== 1) {
    const factor = graph.floats('input_scale', Float32Array.of(inputScale), []);
    sum = graph.emit('Mul', [sum, factor], 'inputs_scaled');
  }
  return { sum, normalized: emitNorm(decoder, context, sum, layerName(0, 'input_layernorm')) };
}

/** RMSNorm over the last dimension of x. */
function emitNorm(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  x: string,
  name: string,
  size = decoder.hiddenSize,
): string {
  const gamma = emitGamma(decoder, context, name, size);
  return context.graph.emit('SimplifiedLayerNormalization', [x, gamma], name, {
    axis: { int: -1 },
    epsilon: { float: decoder.rmsNormEpsilon },
    stash_type: { int: 1 },
  });
}

/** sum = x + skip, normalized = RMSNorm(sum). */
function emitSkipNorm(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  x: string,
  skip: string,
  name: string,
): Stream {
  const gamma = emitGamma(decoder, context, name, decoder.hiddenSize);
  const stream = { normalized: name, sum: `${name}.sum` };
  context.graph.emitAll(
    'SkipSimplifiedLayerNormalization',
    [x, skip, gamma],
    [stream.normalized, '', '', stream.sum],
    { epsilon: { float: decoder.rmsNormEpsilon } },
  );
  return stream;
}

/** The factors of an RMSNorm. */
function emitGamma(
  { normFactor }: DecoderArchitecture,
  { constant }: DecoderContext,
  name: string,
  size: number,
): string {
  const addend = normFactor === 'weight-plus-one' ? 1 : 0;
  return constant(`${name}.weight`, [`${name}.weight`], [size], addend);
}

/** RMSNorms of the heads of queries and keys; null if the family has none. */
function emitHeadNorms(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  layer: number,
): HeadNorms | null {
  if (decoder.queryKeyNorm === 'absent') return null;
  const normOf = (part: string) => (x: string) =>
    emitNorm(decoder, context, x, layerName(layer, `self_attn.${part}`), decoder.headDim);
  return { query: normOf('q_norm'), key: normOf('k_norm') };
}

/** [batch, sequence, n] -> [batch, n] */
function emitLastPosition(graph: GraphBuilder, x: string): string {
  return graph.emit('Gather', [x, graph.integer('last_position', -1)], `${x}.last`, {
    axis: { int: 1 },
  });
}

function globalName(part: string): string {
  return `language_model.${part}`;
}

function layerName(layer: number, part: string): string {
  return globalName(`layers.${layer}.${part}`);
}
