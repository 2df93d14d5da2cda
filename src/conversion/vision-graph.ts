import type { Activation, Architecture, VisionArchitecture } from './architecture.js';
import type { CheckpointTensors } from './checkpoint-tensors.js';
import { stackRows } from './checkpoint-tensors.js';
import type { GraphBuilder } from './graph-builder.js';
import type { EmitLinear } from './linear.js';

interface VisionContext {
  readonly graph: GraphBuilder;
  readonly linear: EmitLinear;
  readonly tensors: CheckpointTensors;
  readonly onLayer: (done: number) => void;
}

/** The residual stream and its normalised form, which the next block reads. */
interface Stream {
  readonly sum: string;
  readonly normalized: string;
}

/** FastGelu is the tanh approximation, Gelu the exact function. */
const ACTIVATION_OPERATORS: Readonly<Record<Activation, string>> = {
  gelu: 'Gelu',
  gelu_pytorch_tanh: 'FastGelu',
};

/**
 * Adds tower and projector: `pixel_values` [tiles, 3, height, width] to `image_features`
 * [tiles, patches, decoder's hidden size]. The features are those of the last used layer, before the tower's
 * closing normalisation, as LlavaOnevisionModel.get_image_features takes them.
 */
export async function emitVisionGraph(
  { vision, projector, decoder }: Architecture,
  context: VisionContext,
): Promise<void> {
  const { graph, linear, tensors, onLayer } = context;
  const { imageSize, patchesPerSide } = vision;
  const pixels = graph.input('pixel_values', 'float32', ['tiles', 3, imageSize, imageSize]);
  let x = await emitPatchEmbedding(vision, context, pixels); // [tiles, patches, hidden]
  if (vision.layers > 0) {
    let stream: Stream = { sum: x, normalized: await emitFirstNorm(vision, context, x) };
    for (let layer = 0; layer < vision.layers; layer++) {
      const attention = await emitAttention(vision, context, layer, stream.normalized);
      const middle = await emitSkipNorm(vision, context, attention, stream.sum, {
        norm: layerName(layer, 'layer_norm2'),
        bias: layerName(layer, 'self_attn.out_proj'),
      });
      const expanded = await emitPerceptron(vision, context, layer, middle.normalized);
      if (layer + 1 < vision.layers) {
        stream = await emitSkipNorm(vision, context, expanded, middle.sum, {
          norm: layerName(layer + 1, 'layer_norm1'),
          bias: layerName(layer, 'mlp.fc2'),
        });
      } else {
        const biased = await emitBias(
          context,
          expanded,
          layerName(layer, 'mlp.fc2'),
          vision.hiddenSize,
        );
        x = graph.emit('Add', [biased, middle.sum], 'tower.features');
      }
      onLayer(layer + 1);
    }
  }

  const sizes = [vision.hiddenSize, decoder.hiddenSize, decoder.hiddenSize] as const;
  for (const index of [1, 2] as const) {
    const name = `multi_modal_projector.linear_${index}`;
    const weight = tensors.matrix(`${name}.weight`, [sizes[index], sizes[index - 1] ?? 0]);
    x = await linear(x, name, weight);
    if (projector.bias === 'present') x = await emitBias(context, x, name, sizes[index]);
    if (index === 1) {
      x = graph.emit(ACTIVATION_OPERATORS[projector.activation], [x], `${name}.activated`);
    }
  }
  graph.emit('Identity', [x], 'image_features');
  graph.output('image_features', 'float32', ['tiles', patchesPerSide ** 2, decoder.hiddenSize]);
}

async function emitPatchEmbedding(
  { hiddenSize, patchSize, patchesPerSide }: VisionArchitecture,
  { graph, tensors }: VisionContext,
  pixels: string,
): Promise<string> {
  const name = 'vision_tower.embeddings';
  const kernel = [hiddenSize, 3, patchSize, patchSize];
  const patches = patchesPerSide ** 2;
  const weight = await tensors.read(`${name}.patch_embedding.weight`, kernel);
  const bias = await tensors.read(`${name}.patch_embedding.bias`, [hiddenSize]);
  const positions = await tensors.read(`${name}.position_embedding.weight`, [patches, hiddenSize]);
  const cells = graph.emit(
    'Conv',
    [
      pixels,
      graph.floats('patch_embedding.weight', weight, kernel),
      graph.floats('patch_embedding.bias', bias),
    ],
    'patch_embedding.cells',
    { kernel_shape: { ints: [patchSize, patchSize] }, strides: { ints: [patchSize, patchSize] } },
  ); // [tiles, hidden, patchesPerSide, patchesPerSide]
  const shape = graph.integers('patch_embedding.shape', [0, hiddenSize, patches]);
  const flat = graph.emit('Reshape', [cells, shape], 'patch_embedding.flat');
  const rows = graph.emit('Transpose', [flat], 'patch_embedding.rows', {
    perm: { ints: [0, 2, 1] },
  }); // [tiles, patches, hidden]
  const learned = graph.floats('position_embedding', positions, [patches, hiddenSize]);
  return graph.emit('Add', [rows, learned], 'patch_embedding.sum');
}

async function emitAttention(
  { hiddenSize, attentionHeads }: VisionArchitecture,
  context: VisionContext,
  layer: number,
  x: string,
): Promise<string> {
  const { graph, linear, tensors } = context;
  const parts = ['q_proj', 'k_proj', 'v_proj'].map((part) => layerName(layer, `self_attn.${part}`));
  const name = layerName(layer, 'self_attn.qkv');
  const weights = parts.map((part) => tensors.matrix(`${part}.weight`, [hiddenSize, hiddenSize]));
  const product = await linear(x, name, stackRows(weights)); // [tiles, patches, 3 * hidden]
  const bias = new Float32Array(3 * hiddenSize);
  for (const [index, part] of parts.entries()) {
    bias.set(await tensors.read(`${part}.bias`, [hiddenSize]), index * hiddenSize);
  }
  const biased = graph.emit('Add', [product, graph.floats(`${name}.bias`, bias)], `${name}.biased`);
  graph.emitAll('Split', [biased], parts, { axis: { int: 2 } });
  const mixed = graph.emit('MultiHeadAttention', parts, `${name}.mixed`, {
    num_heads: { int: attentionHeads },
  });
  const output = layerName(layer, 'self_attn.out_proj');
  return linear(mixed, output, tensors.matrix(`${output}.weight`, [hiddenSize, hiddenSize]));
}

async function emitPerceptron(
  { hiddenSize, intermediateSize, activation }: VisionArchitecture,
  context: VisionContext,
  layer: number,
  x: string,
): Promise<string> {
  const { graph, linear, tensors } = context;
  const [up, down] = [layerName(layer, 'mlp.fc1'), layerName(layer, 'mlp.fc2')];
  const wide = await linear(x, up, tensors.matrix(`${up}.weight`, [intermediateSize, hiddenSize]));
  const biased = await emitBias(context, wide, up, intermediateSize);
  const activated = graph.emit(ACTIVATION_OPERATORS[activation], [biased], `${up}.activated`);
  return linear(activated, down, tensors.matrix(`${down}.weight`, [hiddenSize, intermediateSize]));
}

async function emitBias(
  { graph, tensors }: VisionContext,
  x: string,
  name: string,
  size: number,
): Promise<string> {
  const bias = await tensors.read(`${name}.bias`, [size]);
  return graph.emit('Add', [x, graph.floats(`${name}.bias`, bias)], `${name}.biased`);
}

async function emitFirstNorm(
  { hiddenSize, layerNormEpsilon }: VisionArchitecture,
  { graph, tensors }: VisionContext,
  x: string,
): Promise<string> {
  const name = layerName(0, 'layer_norm1');
  const gamma = graph.floats(`${name}.weight`, await tensors.read(`${name}.weight`, [hiddenSize]));
  const beta = graph.floats(`${name}.bias`, await tensors.read(`${name}.bias`, [hiddenSize]));
  return graph.emit('LayerNormalization', [x, gamma, beta], name, {
    axis: { int: -1 },
    epsilon: { float: layerNormEpsilon },
  });
}

/** sum = x + bias + skip, normalized = LayerNorm(sum); one pass over memory instead of three. */
async function emitSkipNorm(
  { hiddenSize, layerNormEpsilon }: VisionArchitecture,
  { graph, tensors }: VisionContext,
  x: string,
  skip: string,
  names: { norm: string; bias: string },
): Promise<Stream> {
  const constants: string[] = [];
  for (const name of [`${names.norm}.weight`, `${names.norm}.bias`, `${names.bias}.bias`]) {
    constants.push(graph.floats(name, await tensors.read(name, [hiddenSize])));
  }
  const stream = { normalized: names.norm, sum: `${names.norm}.sum` };
  graph.emitAll(
    'SkipLayerNormalization',
    [x, skip, ...constants],
    [stream.normalized, '', '', stream.sum],
    { epsilon: { float: layerNormEpsilon } },
  );
  return stream;
}

function layerName(layer: number, part: string): string {
  return `vision_tower.encoder.layers.${layer}.${part}`;
}
