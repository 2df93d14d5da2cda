import { loadGraph } from '../../../runtime/graph-session.js';
import { GraphBuilder } from './graph-builder.js';
import { encodeOnnxModel } from './onnx-model.js';

/** Runs a graph of one input and one output, both of two values. */
async function run(graph: GraphBuilder, x: readonly number[]): Promise<number[]> {
  graph.output('y', 'float32', [2]);
  const model = encodeOnnxModel(graph.build());
  const session = await loadGraph('builder.onnx', { threads: 1, graph: model });
  const { y } = await session.run([
    {
      x: { type: 'float32', shape: [2], data: Float32Array.from(x) },
      condition: { type: 'int64', shape: [1], data: BigInt64Array.of(BigInt(x.length)) },
    },
  ]);
  await session.close();
  return [...(y!.data as Float32Array)];
}

/** A graph with `x`, its double and a condition on the number of values. */
function begin(values: number): GraphBuilder {
  const graph = new GraphBuilder('choice');
  graph.input('x', 'float32', [2]);
  graph.input('condition', 'int64', [1]);
  graph.emit('Add', ['x', 'x'], 'double');
  graph.emit('Equal', ['condition', graph.integers('values', [values])], 'is_so');
  return graph;
}

describe('GraphBuilder', () => {
  it.each([
    [2, [6, 8]],
    [3, [9, 16]],
  ])(
    'runs the branch that the condition chooses, with what is around it',
    async (count, result) => {
      const graph = begin(count);
      graph.emitIf(
        'is_so',
        'y',
        () => graph.emit('Identity', ['double'], 'doubled'),
        () => graph.emit('Mul', ['x', graph.emit('Identity', ['x'], 'again')], 'squared'),
      );

      expect(await run(graph, [3, 4])).toEqual(result);
    },
  );

  it('nests branches and keeps their nodes out of the outer graph', async () => {
    const graph = begin(2);
    graph.emitIf(
      'is_so',
      'y',
      () => {
        graph.emit('Not', ['is_so'], 'is_not');
        return graph.emitIf(
          'is_not',
          'inner',
          () => graph.emit('Identity', ['x'], 'one'),
          () => graph.emit('Add', ['double', 'x'], 'triple'),
        );
      },
      () => graph.emit('Identity', ['x'], 'other'),
    );

    expect(graph.build().nodes.map(({ operator }) => operator)).toEqual(['Add', 'Equal', 'If']);
    expect(await run(graph, [1, 5])).toEqual([3, 15]);
  });

  it('stores constants of branches once, in the outer graph', () => {
    const graph = begin(2);
    const half = () =>
      graph.emit('Mul', ['x', graph.floats('half', Float32Array.of(0.5), [])], 'h');
    graph.emitIf('is_so', 'y', half, half);

    expect(graph.build().initializers.map(({ name }) => name)).toEqual(['values', 'half']);
  });

  it('rejects operators that are not allowed in packages', () => {
    expect(() => begin(2).emit('Loop', [], 'y')).toThrow(RangeError);
  });
});
