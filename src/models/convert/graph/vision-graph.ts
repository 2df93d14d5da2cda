import type { Activation, VisionArchitecture } from '../checkpoint/architecture.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear, StackedMatrix } from './linear.js';
import type { EmitConstant } from './weight-layout.js';

interface VisionContext {
  readonly graph: GraphBuilder;
  readonly linear: EmitLinear;
  readonly constant: EmitConstant;
}

/** Minimum of GELU and its tanh approximation, rounded down. */
const ACTIVATION_MINIMUM = -0.1701;

/** Names of the residual stream and its normalized copy, the input of the next block. */
interface Stream {
  readonly sum: string;
  readonly normalized: string;
}

/** ONNX Runtime operators: FastGelu is the tanh approximation, Gelu is exact. */
const ACTIVATION_OPERATORS: Readonly<Record<Activation, string>> = {
  gelu: 'Gelu',
  gelu_pytorch_tanh: 'FastGelu',
};

/**
 * Adds vision encoder (SigLIP) and projector: `pixel_values` [tiles, 3, height, width] to `image_features` [tiles,
 * patches, decoderHiddenSize]. As in `LlavaOnevisionModel.get_image_features` of transformers, the features are those
 * of the feature layer, without the final layer norm.
 */
export function emitVisionGraph(
  vision: VisionArchitecture,
  decoderHiddenSize: number,
  context: VisionContext,
): void {
  const { graph, linear } = context;
  const { imageSize, patchesPerSide, hiddenSize, projector } = vision;
  const pixels = graph.input('pixel_values', 'float32', ['tiles', 3, imageSize, imageSize]);
  let x = emitPatchEmbedding(vision, context, pixels); // [tiles, patches, hidden]
  if (vision.layers > 0) {
    let stream: Stream = {
      sum: x,
      normalized: emitNorm(vision, context, x, layerName(0, 'layer_norm1')),
    };
    for (let layer = 0; layer < vision.layers; layer++) {
      const attention = emitAttention(vision, context, layer, stream.normalized);
      const middle = emitSkipNorm(vision, context, attention, stream.sum, {
        norm: layerName(layer, 'layer_norm2'),
        bias: layerName(layer, 'self_attn.out_proj'),
      });
      const expanded = emitMlp(vision, context, layer, middle.normalized);
      const bias = layerName(layer, 'mlp.fc2');
      if (layer + 1 < vision.layers) {
        const norm = layerName(layer + 1, 'layer_norm1');
        stream = emitSkipNorm(vision, context, expanded, middle.sum, {
          norm,
          bias,
        });
      } else {
        const biased = emitBias(context, expanded, bias, hiddenSize);
        x = graph.emit('Add', [biased, middle.sum], 'tower.features');
      }
    }
  }

  const sizes = [hiddenSize, decoderHiddenSize, decoderHiddenSize] as const;
  for (const index of [1, 2] as const) {
    const name = `multi_modal_projector.linear_${index}`;
    const range = index === 2 ? { minimum: ACTIVATION_MINIMUM } : undefined;
    x = linear(x, name, matrixOf(name, sizes[index], sizes[index - 1] ?? 0), range);
    if (projector.bias === 'present') x = emitBias(context, x, name, sizes[index]);
    if (index === 1) {
      x = graph.emit(ACTIVATION_OPERATORS[projector.activation], [x], `${name}.activated`);
    }
  }
  graph.emit('Identity', [x], 'image_features');
  graph.output('image_features', 'float32', ['tiles', patchesPerSide ** 2, decoderHiddenSize]);
}

function emitPatchEmbedding(
  { hiddenSize, patchSize, patchesPerSide }: VisionArchitecture,
  { graph, constant }: VisionContext,
  pixels: string,
): string {
  const name = 'vision_tower.embeddings';
  const kernel = [hiddenSize, 3, patchSize, patchSize];
  const patches = patchesPerSide ** 2;
  const cells = graph.emit(
    'Conv',
    [
      pixels,
      constant('patch_embedding.weight', [`${name}.patch_embedding.weight`], kernel),
      constant('patch_embedding.bias', [`${name}.patch_embedding.bias`], [hiddenSize]),
    ],
    'patch_embedding.cells',
    {
      kernel_shape: { ints: [patchSize, patchSize] },
      strides: { ints: [patchSize, patchSize] },
    },
  ); // [tiles, hidden, patchesPerSide, patchesPerSide]
  const shape = graph.integers('patch_embedding.shape', [0, hiddenSize, patches]);
  const flat = graph.emit('Reshape', [cells, shape], 'patch_embedding.flat');
  const rows = graph.emit('Transpose', [flat], 'patch_embedding.rows', {
    perm: { ints: [0, 2, 1] },
  }); // [tiles, patches, hidden]
  const positions = [`${name}.position_embedding.weight`];
  const learned = constant('position_embedding', positions, [patches, hiddenSize]);
  return graph.emit('Add', [rows, learned], 'patch_embedding.sum');
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
  const activated = emitActivation(activation, context, wide, up, intermediateSize);
  const matrix = matrixOf(down, hiddenSize, intermediateSize);
  return linear(activated, down, matrix, { minimum: ACTIVATION_MINIMUM });
}

/** activation(x + bias). FastGelu has a bias input. */
function emitActivation(
  activation: Activation,
  context: VisionContext,
  x: string,
  name: string,
  size: number,
): string {
  const { graph, constant } = context;
  if (activation === 'gelu') {
    return graph.emit('Gelu', [emitBias(context, x, name, size)], `${name}.activated`);
  }
  const bias = constant(`${name}.bias`, [`${name}.bias`], [size]);
  return graph.emit('FastGelu', [x, bias], `${name}.activated`);
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
