import { InferenceSession, Tensor } from '../../runtime/onnx-runtime.js';

import { GraphBuilder } from '../../models/convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../../models/convert/graph/onnx-model.js';
import { exposeResidualStream } from './residual-stream.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

/** A vision encoder whose attention and MLP return their normalized input: each adds (1, -1) to the residual stream. */
function visionEncoder(
  layers: number,
  embeddings: 'as they are' | 'normalized' = 'as they are',
): Uint8Array {
  const graph = new GraphBuilder('vision');
  graph.input('x', 'float32', [1, 2]);
  for (const name of ['scale', 'shift']) graph.input(name, 'float32', [2]);
  let residual =
    embeddings === 'normalized'
      ? graph.emit('LayerNormalization', ['x', 'scale', 'shift'], 'embeddings.norm')
      : 'x';
  for (let layer = 0; layer < layers; layer++) {
    for (const step of ['attention', 'mlp']) {
      const name = `${layer}.${step}`;
      const normed = graph.emit('LayerNormalization', [residual, 'scale', 'shift'], `${name}.norm`);
      residual = graph.emit('Add', [residual, normed], `${name}.sum`);
    }
  }
  graph.output(residual, 'float32', [1, 2]);
  return encodeOnnxModel(graph.build());
}

/** Decoder layers: each sum is the fourth output of the normalization that follows it. */
function decoder(sums: readonly string[]): Uint8Array {
  const graph = new GraphBuilder('decoder');
  for (const name of ['x', 'y']) graph.input(name, 'float32', [1, 2]);
  graph.input('scale', 'float32', [2]);
  let before = 'x';
  for (const [index, sum] of sums.entries()) {
    const outputs = [`norm.${index}`, '', '', sum];
    graph.emitAll('SkipSimplifiedLayerNormalization', [before, 'y', 'scale'], outputs);
    before = sum;
  }
  graph.output(`norm.${sums.length - 1}`, 'float32', [1, 2]);
  return encodeOnnxModel(graph.build());
}

async function run(model: Uint8Array, inputs: Record<string, number[]>) {
  const session = await InferenceSession.create(model);
  const feeds = Object.entries(inputs).map(([name, values]) => {
    const shape = name === 'x' || name === 'y' ? [1, 2] : [2];
    return [name, new Tensor('float32', Float32Array.from(values), shape)] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return results;
}

describe('exposeResidualStream', () => {
  it('exposes the stream after each vision encoder layer, the last after its final addition', async () => {
    const { model, outputs } = exposeResidualStream(visionEncoder(2));

    expect(outputs).toEqual(['0.mlp.sum', '1.mlp.sum']);
    const results = await run(model, { x: [4, 2], scale: [1, 1], shift: [0, 0] });
    // (4, 2) normalizes to (1, -1), and so do its sums with (1, -1): two additions per layer.
    expect(results['0.mlp.sum']!.data[0]).toBeCloseTo(6, 4);
    expect(results['1.mlp.sum']!.data[0]).toBeCloseTo(8, 4);
    expect(results['1.mlp.sum']!.data[1]).toBeCloseTo(-2, 4);
  });

  it('does not take normalized embeddings for the stream after a layer', () => {
    expect(exposeResidualStream(visionEncoder(2, 'normalized')).outputs).toEqual([
      '0.mlp.sum',
      '1.mlp.sum',
    ]);
  });

  it('exposes the stream after the MLP of each decoder layer', async () => {
    const { model, outputs } = exposeResidualStream(decoder(['a', 'b', 'c', 'd']));

    expect(outputs).toEqual(['b', 'd']);
    const results = await run(model, { x: [1, 2], y: [10, 20], scale: [1, 1] });
    expect([...results['b']!.data]).toEqual([21, 42]);
    expect([...results['d']!.data]).toEqual([41, 82]);
    expect(Object.keys(results).sort()).toEqual(['b', 'd', 'norm.3']);
  });

  it('appends to the bytes of the graph without changing them', () => {
    const before = decoder(['a', 'b']);
    const { model } = exposeResidualStream(before);

    expect(Buffer.from(model.subarray(0, before.length)).equals(before)).toBe(true);
    expect(model.length).toBeGreaterThan(before.length);
  });

  it.each<[string, () => Uint8Array]>([
    ['no graph', () => Uint8Array.of(0x08, 0x08)],
    ['no normalizations', () => encodeOnnxModel(new GraphBuilder('empty').build())],
    ['a sum without a name', () => decoder(['a', ''])],
    ['a single sum, half of a layer', () => decoder(['a'])],
  ])('throws MODEL_INVALID for a file with %s', (_, encode) => {
    expect(() => exposeResidualStream(encode())).toThrow(INVALID);
  });
});
