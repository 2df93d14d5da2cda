import type { Activation, VisionArchitecture } from '../checkpoint/architecture.js';
import { ACTIVATION_OPERATORS, emitActivation } from './activations.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear, StackedMatrix } from './linear.js';
import type { EmitConstant } from './weight-layout.js';

const EMBEDDINGS = 'vision_tower.embeddings';

interface VisionContext {
  readonly graph: GraphBuilder;
  readonly linear: EmitLinear;
  readonly constant: EmitConstant;
}

/** Names of the residual stream and its normalized copy, the input of the next block. */
interface Stream {
  readonly sum: string;
  readonly normalized: string;
}

/**
 * Adds vision encoder and projector: `pixel_values` [tiles, 3, height, width] to `image_features` [tiles, features,
 * decoderHiddenSize]. As in `get_image_features` of transformers' LLaVA classes, the features are those of the feature
 * layers, without the final layer norm.
 */
export function emitVisionGraph(
  vision: VisionArchitecture,
  decoderHiddenSize: number,
  context: VisionContext,
): void {
  const { graph, linear } = context;
  const { imageSize, hiddenSize, featuresPerTile, featureLayers, projector } = vision;
  const pixels = graph.input('pixel_values', 'float32', ['tiles', 3, imageSize, imageSize]);
  const states = emitLayers(vision, context, emitEmbeddings(vision, context, pixels));
  let x = emitFeatures(vision, context, states);

  const width = hiddenSize * featureLayers.length;
  const sizes = [width, decoderHiddenSize, decoderHiddenSize] as const;
  const { minimum } = ACTIVATION_OPERATORS[projector.activation];
  for (const index of [1, 2] as const) {
    const name = `multi_modal_projector.linear_${index}`;
    const range = index === 2 ? { minimum } : undefined;
    x = linear(x, name, matrixOf(name, sizes[index], sizes[index - 1] ?? 0), range);
    if (projector.bias === 'present') x = emitBias(context, x, name, sizes[index]);
    if (index === 1) x = emitActivation(projector.activation, graph, x, `${name}.activated`);
  }
  graph.emit('Identity', [x], 'image_features');
  graph.output('image_features', 'float32', ['tiles', featuresPerTile, decoderHiddenSize]);
}

/**
 * @param x input of the first layer, [tiles, sequence, hidden].
 * @returns the residual stream before the first layer and after each one.
 */
function emitLayers(vision: VisionArchitecture, context: VisionContext, x: string): string[] {
  const { layers, hiddenSize } = vision;
  const states = [x];
  if (layers === 0) return states;
  let stream: Stream = {
    sum: x,
    normalized: emitNorm(vision, context, x, layerName(0, 'layer_norm1')),
  };
  for (let layer = 0; layer < layers; layer++) {
    const attention = emitAttention(vision, context, layer, stream.normalized);
    const middle = emitSkipNorm(vision, context, attention, stream.sum, {
      norm: layerName(layer, 'layer_norm2'),
      bias: layerName(layer, 'self_attn.out_proj'),
    });
    const expanded = emitMlp(vision, context, layer, middle.normalized);
    const bias = layerName(layer, 'mlp.fc2');
    if (layer + 1 < layers) {
      const norm = layerName(layer + 1, 'layer_norm1');
      stream = emitSkipNorm(vision, context, expanded, middle.sum, { norm, bias });
      states.push(stream.sum);
    } else {
      const biased = emitBias(context, expanded, bias, hiddenSize);
      states.push(context.graph.emit('Add', [biased, middle.sum], 'tower.features'));
    }
  }
  return states;
}

/** The states of the feature layers side by side, without the first token if it is dropped. */
function emitFeatures(
  { featureLayers, sequenceLength, featuresPerTile }: VisionArchitecture,
  { graph }: VisionContext,
  states: readonly string[],
): string {
  const selected = featureLayers.map((layer) => states[layer] ?? '');
  const [first = ''] = selected;
  const all =
    selected.length === 1
      ? first
      : graph.emit('Concat', selected, 'tower.concatenated', { axis: { int: -1 } });
  if (featuresPerTile === sequenceLength) return all;
  const parts = graph.integers('first_and_others', [1, featuresPerTile]);
  const outputs = ['tower.first', 'tower.others'];
  graph.emitAll('Split', [all, parts], outputs, { axis: { int: 1 } });
  return 'tower.others';
}

/** @returns the input of the first layer, [tiles, sequence, hidden]. */
function emitEmbeddings(
  vision: VisionArchitecture,
  context: VisionContext,
  pixels: string,
): string {
  const { embeddings, hiddenSize, sequenceLength } = vision;
  const { graph, constant } = context;
  const patches = emitPatches(vision, context, pixels);
  const tokens =
    embeddings.classToken === 'present' ? emitClassToken(vision, context, patches) : patches;
  const positions = [`${EMBEDDINGS}.position_embedding.weight`];
  const learned = constant('position_embedding', positions, [sequenceLength, hiddenSize]);
  const sum = graph.emit('Add', [tokens, learned], 'patch_embedding.sum');
  // transformers misspells the name.
  return embeddings.norm === 'present'
    ? emitNorm(vision, context, sum, 'vision_tower.pre_layrnorm')
    : sum;
}

/** @returns [tiles, patches, hidden]. */
function emitPatches(
  { embeddings, hiddenSize, patchSize, patchesPerSide }: VisionArchitecture,
  { graph, constant }: VisionContext,
  pixels: string,
): string {
  const name = `${EMBEDDINGS}.patch_embedding`;
  const inputs = [
    pixels,
    constant('patch_embedding.weight', [`${name}.weight`], [hiddenSize, 3, patchSize, patchSize]),
  ];
  if (embeddings.patchBias === 'present') {
    inputs.push(constant('patch_embedding.bias', [`${name}.bias`], [hiddenSize]));
  }
  const cells = graph.emit('Conv', inputs, 'patch_embedding.cells', {
    kernel_shape: { ints: [patchSize, patchSize] },
    strides: { ints: [patchSize, patchSize] },
  }); // [tiles, hidden, patchesPerSide, patchesPerSide]
  const shape = graph.integers('patch_embedding.shape', [0, hiddenSize, patchesPerSide ** 2]);
  const flat = graph.emit('Reshape', [cells, shape], 'patch_embedding.flat');
  return graph.emit('Transpose', [flat], 'patch_embedding.rows', { perm: { ints: [0, 2, 1] } });
}

/** Puts the class token before the patches of each tile. */
function emitClassToken(
  { hiddenSize }: VisionArchitecture,
  { graph, constant }: VisionContext,
  patches: string,
): string {
  const token = constant('class_embedding', [`${EMBEDDINGS}.class_embedding`], [hiddenSize]);
  const tiles = graph.emit('Shape', [patches], 'class_embedding.tiles', {
    start: { int: 0 },
    end: { int: 1 },
  });
  const one = graph.integers('class_embedding.one', [1, hiddenSize]);
  const shape = graph.emit('Concat', [tiles, one], 'class_embedding.shape', { axis: { int: 0 } });
  const tokens = graph.emit('Expand', [token, shape], 'class_embedding.tokens');
  return graph.emit('Concat', [tokens, patches], 'patch_embedding.tokens', { axis: { int: 1 } });
}

function emitAttention(
  { hiddenSize, attentionHeads }: VisionArchitecture,
  context: VisionContext,
  layer: number,
  x: string,
): string {
  const { graph, linear } = context;
  const emitProjection = (part: string): string => {
    const name = layerName(layer, `self_attn.${part}`);
    const product = linear(x, name, matrixOf(name, hiddenSize, hiddenSize));
    return emitBias(context, product, name, hiddenSize);
  };
  const projections = ['q_proj', 'k_proj', 'v_proj'].map(emitProjection);
  const mixed = graph.emit('MultiHeadAttention', projections, layerName(layer, 'self_attn.mixed'), {
    num_heads: { int: attentionHeads },
  });
  const output = layerName(layer, 'self_attn.out_proj');
  return linear(mixed, output, matrixOf(output, hiddenSize, hiddenSize));
}

function emitMlp(
  { hiddenSize, intermediateSize, activation }: VisionArchitecture,
  context: VisionContext,
  layer: number,
  x: string,
): string {
  const { linear } = context;
  const [up, down] = [layerName(layer, 'mlp.fc1'), layerName(layer, 'mlp.fc2')];
  const wide = linear(x, up, matrixOf(up, intermediateSize, hiddenSize));
  const activated = emitBiasedActivation(activation, context, wide, up, intermediateSize);
  const matrix = matrixOf(down, hiddenSize, intermediateSize);
  return linear(activated, down, matrix, { minimum: ACTIVATION_OPERATORS[activation].minimum });
}

/** activation(x + bias). FastGelu has a bias input. */
function emitBiasedActivation(
  activation: Activation,
  context: VisionContext,
  x: string,
  name: string,
  size: number,
): string {
  if (activation !== 'gelu_pytorch_tanh') {
    return emitActivation(
      activation,
      context.graph,
      emitBias(context, x, name, size),
      `${name}.activated`,
    );
  }
  const bias = context.constant(`${name}.bias`, [`${name}.bias`], [size]);
  return context.graph.emit('FastGelu', [x, bias], `${name}.activated`);
}

function emitBias(
  { graph, constant }: VisionContext,
  x: string,
  name: string,
  size: number,
): string {
  const bias = constant(`${name}.bias`, [`${name}.bias`], [size]);
  return graph.emit('Add', [x, bias], `${name}.biased`);
}

function emitNorm(
  { hiddenSize, layerNormEpsilon }: VisionArchitecture,
  { graph, constant }: VisionContext,
  x: string,
  name: string,
): string {
  const [gamma, beta] = [`${name}.weight`, `${name}.bias`].map((part) =>
    constant(part, [part], [hiddenSize]),
  ) as [string, string];
  return graph.emit('LayerNormalization', [x, gamma, beta], name, {
    axis: { int: -1 },
    epsilon: { float: layerNormEpsilon },
  });
}

/** sum = x + bias + skip, normalized = LayerNorm(sum). Three operators take half the time of SkipLayerNormalization. */
function emitSkipNorm(
  vision: VisionArchitecture,
  context: VisionContext,
  x: string,
  skip: string,
  names: { norm: string; bias: string },
): Stream {
  const biased = emitBias(context, x, names.bias, vision.hiddenSize);
  const sum = context.graph.emit('Add', [biased, skip], `${names.norm}.sum`);
  return { sum, normalized: emitNorm(vision, context, sum, names.norm) };
}

function matrixOf(name: string, rows: number, columns: number): StackedMatrix {
  return { columns, parts: [{ tensor: `${name}.weight`, rows }] };
}

function layerName(layer: number, part: string): string {
  return `vision_tower.encoder.layers.${layer}.${part}`;
}
