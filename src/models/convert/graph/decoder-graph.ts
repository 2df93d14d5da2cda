import type { CacheEncoding } from '../../package/manifest.js';
import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import { type AttentionInputs, emitAttentionInputs } from './attention-inputs.js';
import { emitCachedAttention } from './decoder-attention.js';
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
 * Adds the Llama decoder without the output head. A run is the prefill of one sequence (batch 1) or a decode step of a
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
  { hiddenSize, vocabularySize, outputHead }: DecoderArchitecture,
  { graph, linear }: Pick<DecoderContext, 'graph' | 'linear'>,
): void {
  graph.input('hidden', 'float32', ['batch', hiddenSize]);
  const matrix = {
    columns: hiddenSize,
    parts: [{ tensor: headTensor({ outputHead }), rows: vocabularySize }],
  };
  graph.emit('Identity', [linear('hidden', 'lm_head', matrix)], 'logits');
  graph.output('logits', 'float32', ['batch', vocabularySize]);
}

/** Tensor of the output head; the token embeddings if both are tied. */
export function headTensor({ outputHead }: Pick<DecoderArchitecture, 'outputHead'>): string {
  return outputHead === 'own' ? 'lm_head.weight' : `${globalName('embed_tokens')}.weight`;
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
  { graph, linear, cache }: DecoderContext,
  inputs: AttentionInputs,
  layer: number,
  x: string,
): string {
  const fused = linear(x, layerName(layer, 'self_attn.qkv'), attentionMatrix(decoder, layer));
  return emitCachedAttention(decoder, graph, inputs, layer, fused, cache);
}

function attentionMatrix(
  { hiddenSize, attentionHeads, keyValueHeads, headDim }: DecoderArchitecture,
  layer: number,
): StackedMatrix {
  return {
    columns: hiddenSize,
    parts: (['q_proj', 'k_proj', 'v_proj'] as const).map((part) => ({
      tensor: layerName(layer, `self_attn.${part}.weight`),
      rows: (part === 'q_proj' ? attentionHeads : keyValueHeads) * headDim,
    })),
  };
}

/** Output projection of attention, gated MLP (SwiGLU) and the norm of the next layer. */
function emitMlp(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  layer: number,
  mixed: string,
  skip: string,
): Stream {
  const { graph, linear } = context;
  const { hiddenSize, intermediateSize, attentionHeads, headDim } = decoder;
  const product = (x: string, part: string, rows: number, columns: number) => {
    const name = layerName(layer, part);
    return linear(x, name, { columns, parts: [{ tensor: `${name}.weight`, rows }] });
  };
  const output = product(mixed, 'self_attn.o_proj', hiddenSize, attentionHeads * headDim);
  const norm = layerName(layer, 'post_attention_layernorm');
  const middle = emitSkipNorm(decoder, context, output, skip, norm);
  const { gate, up } = emitGateAndUp(decoder, context, layer, middle.normalized);
  // SiLU, x * sigmoid(x), is QuickGelu with alpha 1.
  const activated = graph.emit('QuickGelu', [gate], `${gate}.activated`, { alpha: { float: 1 } });
  const wide = graph.emit('Mul', [activated, up], `${up}.gated`);
  const expanded = product(wide, 'mlp.down_proj', hiddenSize, intermediateSize);
  const next =
    layer + 1 === decoder.layers ? globalName('norm') : layerName(layer + 1, 'input_layernorm');
  return emitSkipNorm(decoder, context, expanded, middle.sum, next);
}

/** Gate and up projection: two products, or one fused product followed by a Split. */
function emitGateAndUp(
  { hiddenSize, intermediateSize }: DecoderArchitecture,
  { graph, linear, gateAndUp }: DecoderContext,
  layer: number,
  x: string,
): { readonly gate: string; readonly up: string } {
  const [gateName, upName] = ['mlp.gate_proj', 'mlp.up_proj'].map((part) =>
    layerName(layer, part),
  ) as [string, string];
  const partOf = (name: string) => ({ tensor: `${name}.weight`, rows: intermediateSize });
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

function emitFirstNorm(
  { hiddenSize, rmsNormEpsilon }: DecoderArchitecture,
  { graph, constant }: DecoderContext,
): Stream {
  const name = layerName(0, 'input_layernorm');
  const gamma = constant(`${name}.weight`, [`${name}.weight`], [hiddenSize]);
  const attributes = {
    axis: { int: -1 },
    epsilon: { float: rmsNormEpsilon },
    stash_type: { int: 1 },
  };
  const sum = 'inputs_embeds';
  graph.emit('SimplifiedLayerNormalization', [sum, gamma], name, attributes);
  return { sum, normalized: name };
}

/** sum = x + skip, normalized = RMSNorm(sum). */
function emitSkipNorm(
  { hiddenSize, rmsNormEpsilon }: DecoderArchitecture,
  { graph, constant }: DecoderContext,
  x: string,
  skip: string,
  name: string,
): Stream {
  const gamma = constant(`${name}.weight`, [`${name}.weight`], [hiddenSize]);
  const stream = { normalized: name, sum: `${name}.sum` };
  graph.emitAll(
    'SkipSimplifiedLayerNormalization',
    [x, skip, gamma],
    [stream.normalized, '', '', stream.sum],
    { epsilon: { float: rmsNormEpsilon } },
  );
  return stream;
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
