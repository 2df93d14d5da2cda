import type { CacheEncoding } from '../../package/manifest.js';
import type { DecoderArchitecture } from '../checkpoint/architecture.js';
import type { AttentionInputs } from './attention-inputs.js';
import { emitAttentionInputs, emitCachedAttention } from './decoder-attention.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear, StackedMatrix } from './linear.js';
import type { EmitConstant } from './weight-layout.js';

interface DecoderContext {
  readonly graph: GraphBuilder;
  /** Of the layers' matrices. */
  readonly linear: EmitLinear;
  readonly constant: EmitConstant;
  readonly cache: CacheEncoding;
  /** One product is faster in single steps, two are in prompts, where parting a large result costs more. */
  readonly gateAndUp: 'fused' | 'separate';
}

/** The residual stream and its normalised form, which the next block reads. */
interface Stream {
  readonly sum: string;
  readonly normalized: string;
}

/**
 * Adds the decoder without its head. The cache belongs to the caller: the graph reads `prefix.*` and `past.*` and returns
 * the new rows alone, because the runtime's binding copies every output of every run (src/README.md has the figures).
 *
 * Many positions of one sequence, or one position of each of several.
 *
 * Inputs: `inputs_embeds` [batch, sequence, hidden], `position_ids` [batch, sequence], `rope_cos` and `rope_sin`
 * [positions, headDim / 2], `past_length` [1], the filled positions of `past.*` where the batch is one sequence,
 * `attention_bias` [batch, 1, 1, prefix + past + 1], read where the sequence is one position, and for each layer
 * `prefix.{l}.key`, `prefix.{l}.value` [1, keyValueHeads, prefix, headDim] and `past.{l}.key`, `past.{l}.value`
 * [batch, keyValueHeads, past, headDim]. A cache of bytes has scales beside them, `*.key_scale` and `*.value_scale`
 * [.., 1, prefix or past].
 * Outputs: `hidden` [batch, hidden], the normalised state of the last position, and `present.{l}.*`
 * [batch, keyValueHeads, sequence, headDim or 1] for each of a layer's inputs, keys after rotation.
 */
export function emitDecoderGraph(decoder: DecoderArchitecture, context: DecoderContext): void {
  const { graph } = context;
  const { layers, hiddenSize } = decoder;
  const run = emitInputs(decoder, graph);
  let stream = emitFirstNorm(decoder, context);
  for (let layer = 0; layer + 1 < layers; layer++) {
    const mixed = emitAttention(decoder, context, run, layer, stream.normalized);
    stream = emitMlp(decoder, context, layer, mixed, stream.sum);
  }
  const mixed = emitAttention(decoder, context, run, layers - 1, stream.normalized);
  // Only the last position's logits are asked for, so the rest of the last layer skips the others.
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

/** Adds the output projection: `hidden` [batch, hidden] to `logits` [batch, vocabulary]. */
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

/** The tensor of the output projection, which may be the table of embeddings. */
export function headTensor({ outputHead }: Pick<DecoderArchitecture, 'outputHead'>): string {
  return outputHead === 'own' ? 'lm_head.weight' : `${layerless('embed_tokens')}.weight`;
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
  run: AttentionInputs,
  layer: number,
  x: string,
): string {
  const fused = linear(x, layerName(layer, 'self_attn.qkv'), attentionMatrix(decoder, layer));
  return emitCachedAttention(decoder, graph, run, layer, fused, cache);
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

/** What follows attention: its projection, the gated perceptron and the normalisation behind it. */
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
  const { gated, raised } = emitGateAndUp(decoder, context, layer, middle.normalized);
  // x * sigmoid(x): QuickGelu with a slope of one is SiLU.
  const activated = graph.emit('QuickGelu', [gated], `${gated}.activated`, { alpha: { float: 1 } });
  const wide = graph.emit('Mul', [activated, raised], `${raised}.gated`);
  const expanded = product(wide, 'mlp.down_proj', hiddenSize, intermediateSize);
  const next =
    layer + 1 === decoder.layers ? layerless('norm') : layerName(layer + 1, 'input_layernorm');
  return emitSkipNorm(decoder, context, expanded, middle.sum, next);
}

/** The two products that read the same; side by side they are one, which a Split has to part again. */
function emitGateAndUp(
  { hiddenSize, intermediateSize }: DecoderArchitecture,
  { graph, linear, gateAndUp }: DecoderContext,
  layer: number,
  x: string,
): { readonly gated: string; readonly raised: string } {
  const [gate, up] = ['mlp.gate_proj', 'mlp.up_proj'].map((part) => layerName(layer, part)) as [
    string,
    string,
  ];
  const partOf = (name: string) => ({ tensor: `${name}.weight`, rows: intermediateSize });
  if (gateAndUp === 'separate') {
    const [gated, raised] = [gate, up].map((name) =>
      linear(x, name, { columns: hiddenSize, parts: [partOf(name)] }),
    ) as [string, string];
    return { gated, raised };
  }
  const parts = [partOf(gate), partOf(up)];
  const both = linear(x, layerName(layer, 'mlp.gate_up_proj'), { columns: hiddenSize, parts });
  const [gated, raised] = [`${gate}.product`, `${up}.product`] as const;
  const widths = graph.integers('gate_up_widths', [intermediateSize, intermediateSize]);
  graph.emitAll('Split', [both, widths], [gated, raised], { axis: { int: -1 } });
  return { gated, raised };
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
