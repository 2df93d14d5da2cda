import type { GraphSession, GraphTensor } from '../../runtime/graph-session.js';
import { observeGraph } from './traced-model.js';

const RESULTS: Record<string, GraphTensor> = {
  hidden: { type: 'float32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  logits: { type: 'float32', shape: [1, 4], data: Float32Array.of(7, 8, 9, 10) },
  ids: { type: 'int64', shape: [1], data: BigInt64Array.of(5n) },
};

const session: GraphSession = {
  inputNames: ['input'],
  outputNames: Object.keys(RESULTS),
  run: () => Promise.resolve(RESULTS),
  close: () => Promise.resolve(),
};

describe('observeGraph', () => {
  it('reports the last values of each named output after every run, and returns all results', async () => {
    const observed: (readonly Float32Array[])[] = [];
    const graph = observeGraph(session, ['logits', 'hidden'], 3, (values) => observed.push(values));

    expect(await graph.run([])).toBe(RESULTS);
    await graph.run([]);
    const last = [Float32Array.of(8, 9, 10), Float32Array.of(4, 5, 6)];
    expect(observed).toEqual([last, last]);
    expect(graph.inputNames).toEqual(['input']);
  });

  it('copies the values instead of keeping a view of the whole output', async () => {
    let observed: readonly Float32Array[] = [];
    await observeGraph(session, ['hidden'], 1, (values) => (observed = values)).run([]);

    expect(observed[0]!.buffer.byteLength).toBe(4);
  });

  it.each(['ids', 'missing'])(
    'throws a TypeError for the output %s, which is not float32',
    async (name) => {
      await expect(observeGraph(session, [name], 1, () => undefined).run([])).rejects.toThrow(
        TypeError,
      );
    },
  );
});
