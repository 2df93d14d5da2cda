import type { DecoderArchitecture } from './architecture.js';
import type { CheckpointTensors } from './checkpoint-tensors.js';
import { stackRows } from './checkpoint-tensors.js';
import type { AttentionShapes } from './decoder-attention.js';
import { emitAttentionShapes, emitCachedAttention } from './decoder-attention.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear } from './linear.js';

interface DecoderContext {
  readonly graph: GraphBuilder;
  readonly linear: EmitLinear;
  readonly tensors: CheckpointTensors;
  readonly onLayer: (done: number) => void;
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
 */
export async function emitDecoderGraph(
  decoder: DecoderArchitecture,
  context: DecoderContext,
): Promise<void> {
  const { graph, linear, tensors, onLayer } = context;
  const { hiddenSize, layers, vocabularySize, outputHead } = decoder;
  graph.input('inputs_embeds', 'float32', ['batch', 'sequence', hiddenSize]);
  graph.input('position_ids', 'int64', ['batch', 'sequence']);
  graph.input('rope_cos', 'float32', ['positions', decoder.headDim / 2]);
  graph.input('rope_sin', 'float32', ['positions', decoder.headDim / 2]);
  graph.input('attention_bias', 'float32', ['batch', 1, 1, 'sequence', 'total']);
  const shapes = emitAttentionShapes(decoder, graph);

  let sum = 'inputs_embeds';
  let normalized = await emitFirstNorm(decoder, context, sum);
  for (let layer = 0; layer < layers; layer++) {
    const last = layer + 1 === layers;
    let mixed = await emitAttention(decoder, context, shapes, layer, normalized);
    if (last) {
      // Only the last position's logits are asked for, so the rest of this layer skips the others.
      mixed = emitLastPosition(graph, mixed); // [batch, attentionHeads * headDim]
      sum = emitLastPosition(graph, sum); // [batch, hidden]
    }
    const output = layerName(layer, 'self_attn.o_proj');
    const width = decoder.attentionHeads * decoder.headDim;
    mixed = await linear(mixed, output, tensors.matrix(`${output}.weight`, [hiddenSize, width]));
    const afterAttention = layerName(layer, 'post_attention_layernorm');
    const middle = await emitSkipNorm(decoder, context, mixed, sum, afterAttention);
    const expanded = await emitGatedPerceptron(decoder, context, layer, middle.normalized);
    const next = last ? 'language_model.norm' : layerName(layer + 1, 'input_layernorm');
    ({ sum, normalized } = await emitSkipNorm(decoder, context, expanded, middle.sum, next));
    onLayer(layer + 1);
  }

  const head = outputHead === 'own' ? 'lm_head.weight' : 'language_model.embed_tokens.weight';
  const weight = tensors.matrix(head, [vocabularySize, hiddenSize]);
  graph.emit('Identity', [await linear(normalized, 'lm_head', weight)], 'logits');
  graph.output('logits', 'float32', ['batch', vocabularySize]);
}

async function emitAttention(
  decoder: DecoderArchitecture,
  { graph, linear, tensors }: DecoderContext,
  shapes: AttentionShapes,
  layer: number,
  x: string,
): Promise<string> {
  const { hiddenSize, attentionHeads, keyValueHeads, headDim } = decoder;
  const heads = { q_proj: attentionHeads, k_proj: keyValueHeads, v_proj: keyValueHeads };
  const weights = Object.entries(heads).map(([part, count]) =>
    tensors.matrix(layerName(layer, `self_attn.${part}.weight`), [count * headDim, hiddenSize]),
  );
  const fused = await linear(x, layerName(layer, 'self_attn.qkv'), stackRows(weights));
  return emitCachedAttention(decoder, graph, shapes, layer, fused);
}

async function emitGatedPerceptron(
  { hiddenSize, intermediateSize }: DecoderArchitecture,
  { graph, linear, tensors }: DecoderContext,
  layer: number,
  x: string,
): Promise<string> {
  const [gate, up, down] = [
    layerName(layer, 'mlp.gate_proj'),
    layerName(layer, 'mlp.up_proj'),
    layerName(layer, 'mlp.down_proj'),
  ] as const;
  const wide = [intermediateSize, hiddenSize];
  const gated = await linear(x, gate, tensors.matrix(`${gate}.weight`, wide));
  const raised = await linear(x, up, tensors.matrix(`${up}.weight`, wide));
  // x * sigmoid(x): QuickGelu with a slope of one is SiLU.
  const activated = graph.emit('QuickGelu', [gated], `${gate}.activated`, { alpha: { float: 1 } });
  const product = graph.emit('Mul', [activated, raised], `${up}.gated`);
  return linear(product, down, tensors.matrix(`${down}.weight`, [hiddenSize, intermediateSize]));
}

async function emitFirstNorm(
  { hiddenSize, rmsNormEpsilon }: DecoderArchitecture,
  { graph, tensors }: DecoderContext,
  x: string,
): Promise<string> {
  const name = layerName(0, 'input_layernorm');
  const gamma = graph.floats(`${name}.weight`, await tensors.read(`${name}.weight`, [hiddenSize]));
  return graph.emit('SimplifiedLayerNormalization', [x, gamma], name, {
    axis: { int: -1 },
    epsilon: { float: rmsNormEpsilon },
    stash_type: { int: 1 },
  });
}

/** sum = x + skip, normalized = RMSNorm(sum). */
async function emitSkipNorm(
  { hiddenSize, rmsNormEpsilon }: DecoderArchitecture,
  { graph, tensors }: DecoderContext,
  x: string,
  skip: string,
  name: string,
): Promise<{ sum: string; normalized: string }> {
  const gamma = graph.floats(`${name}.weight`, await tensors.read(`${name}.weight`, [hiddenSize]));
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

function layerName(layer: number, part: string): string {
  return `language_model.layers.${layer}.${part}`;
}
