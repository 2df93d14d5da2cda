import type { DecoderArchitecture } from './architecture.js';
import type { AttentionShapes } from './decoder-attention.js';
import { emitAttentionShapes, emitCachedAttention, emitCacheRows } from './decoder-attention.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear, StackedMatrix } from './linear.js';
import type { EmitConstant } from './weight-layout.js';

interface DecoderContext {
  readonly graph: GraphBuilder;
  /** Of the layers' matrices. */
  readonly linear: EmitLinear;
  readonly constant: EmitConstant;
}

/** The residual stream and its normalised form, which the next block reads. */
interface Stream {
  readonly sum: string;
  readonly normalized: string;
}

/**
 * Adds the decoder. The cache belongs to the caller: the graph reads `past.*` and returns the new rows alone,
 * because the runtime's binding copies every output of every run (src/README.md has the figures).
 *
 * Inputs: `inputs_embeds` [batch, sequence, hidden], `position_ids` [batch, sequence], `rope_cos` and `rope_sin`
 * [positions, headDim / 2], `attention_bias` [batch, 1, 1, sequence, past + sequence] and for each layer
 * `past.{l}.key`, `past.{l}.value` [batch, keyValueHeads, past, headDim].
 * Outputs: `logits` [batch, vocabulary] of the last position and `present.{l}.key`, `present.{l}.value`
 * [batch, keyValueHeads, sequence, headDim], keys after rotation.
 *
 * @param head of the output projection, which may be stored another way than the layers.
 */
export function emitDecoderGraph(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  head: EmitLinear,
): void {
  const { graph } = context;
  const { layers, hiddenSize, vocabularySize, outputHead } = decoder;
  const shapes = emitInputs(decoder, graph);
  let stream = emitFirstNorm(decoder, context);
  for (let layer = 0; layer + 1 < layers; layer++) {
    stream = emitLayer(decoder, context, shapes, layer, stream);
  }
  const mixed = emitAttention(decoder, context, shapes, layers - 1, stream.normalized);
  // Only the last position's logits are asked for, so the rest of the last layer skips the others.
  const last = emitPerceptron(
    decoder,
    context,
    layers - 1,
    emitLastPosition(graph, mixed), // [batch, attentionHeads * headDim]
    emitLastPosition(graph, stream.sum), // [batch, hidden]
  );
  const tensor = outputHead === 'own' ? 'lm_head.weight' : `${layerless('embed_tokens')}.weight`;
  const matrix = { columns: hiddenSize, parts: [{ tensor, rows: vocabularySize }] };
  graph.emit('Identity', [head(last.normalized, 'lm_head', matrix)], 'logits');
  graph.output('logits', 'float32', ['batch', vocabularySize]);
}

/**
 * Adds the decoder as far as the cache needs it: the inputs of `emitDecoderGraph`, and of its outputs `present.*`
 * alone. Of the last layer that is the keys and values; it reads neither its past nor the rest of its weights.
 */
export function emitPrefillGraph(decoder: DecoderArchitecture, context: DecoderContext): void {
  const { graph, linear } = context;
  const last = decoder.layers - 1;
  const shapes = emitInputs(decoder, graph);
  let stream = emitFirstNorm(decoder, context);
  for (let layer = 0; layer < last; layer++) {
    stream = emitLayer(decoder, context, shapes, layer, stream);
  }
  const matrix = attentionMatrix(decoder, last, ['k_proj', 'v_proj']);
  const fused = linear(stream.normalized, layerName(last, 'self_attn.kv'), matrix);
  emitCacheRows(decoder, graph, last, fused);
}

function emitInputs(decoder: DecoderArchitecture, graph: GraphBuilder): AttentionShapes {
  const { hiddenSize, headDim } = decoder;
  graph.input('inputs_embeds', 'float32', ['batch', 'sequence', hiddenSize]);
  graph.input('position_ids', 'int64', ['batch', 'sequence']);
  graph.input('rope_cos', 'float32', ['positions', headDim / 2]);
  graph.input('rope_sin', 'float32', ['positions', headDim / 2]);
  graph.input('attention_bias', 'float32', ['batch', 1, 1, 'sequence', 'total']);
  return emitAttentionShapes(decoder, graph);
}

/** One layer, and the normalisation that the next begins with. */
function emitLayer(
  decoder: DecoderArchitecture,
  context: DecoderContext,
  shapes: AttentionShapes,
  layer: number,
  stream: Stream,
): Stream {
  const mixed = emitAttention(decoder, context, shapes, layer, stream.normalized);
  return emitPerceptron(decoder, context, layer, mixed, stream.sum);
}

function emitAttention(
  decoder: DecoderArchitecture,
  { graph, linear }: DecoderContext,
  shapes: AttentionShapes,
  layer: number,
  x: string,
): string {
  const matrix = attentionMatrix(decoder, layer, ['q_proj', 'k_proj', 'v_proj']);
  const fused = linear(x, layerName(layer, 'self_attn.qkv'), matrix);
  return emitCachedAttention(decoder, graph, shapes, layer, fused);
}

function attentionMatrix(
  { hiddenSize, attentionHeads, keyValueHeads, headDim }: DecoderArchitecture,
  layer: number,
  parts: readonly ('q_proj' | 'k_proj' | 'v_proj')[],
): StackedMatrix {
  return {
    columns: hiddenSize,
    parts: parts.map((part) => ({
      tensor: layerName(layer, `self_attn.${part}.weight`),
      rows: (part === 'q_proj' ? attentionHeads : keyValueHeads) * headDim,
    })),
  };
}

/** What follows attention: its projection, the gated perceptron and the normalisation behind it. */
function emitPerceptron(
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
  const gated = product(middle.normalized, 'mlp.gate_proj', intermediateSize, hiddenSize);
  const raised = product(middle.normalized, 'mlp.up_proj', intermediateSize, hiddenSize);
  const [gate, up] = [layerName(layer, 'mlp.gate_proj'), layerName(layer, 'mlp.up_proj')];
  // x * sigmoid(x): QuickGelu with a slope of one is SiLU.
  const activated = graph.emit('QuickGelu', [gated], `${gate}.activated`, { alpha: { float: 1 } });
  const wide = graph.emit('Mul', [activated, raised], `${up}.gated`);
  const expanded = product(wide, 'mlp.down_proj', hiddenSize, intermediateSize);
  const next =
    layer + 1 === decoder.layers ? layerless('norm') : layerName(layer + 1, 'input_layernorm');
  return emitSkipNorm(decoder, context, expanded, middle.sum, next);
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

function layerless(part: string): string {
  return `language_model.${part}`;
}

function layerName(layer: number, part: string): string {
  return layerless(`layers.${layer}.${part}`);
}
