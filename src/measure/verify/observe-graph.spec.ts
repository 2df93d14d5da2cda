import type { GraphSession, GraphTensor } from '../../runtime/graph-session.js';
import { observeGraph } from './observe-graph.js';

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
  it('passes on the last values of each observed output after every run, and returns the results', async () => {
    const observed: (readonly Float32Array[])[] = [];
    const graph = observeGraph(session, ['logits', 'hidden'], 3, (values) => observed.push(values));

    expect(await graph.run([])).toBe(RESULTS);
    await graph.run([]);
    const last = [Float32Array.of(8, 9, 10), Float32Array.of(4, 5, 6)];
    expect(observed).toEqual([last, last]);
    expect(graph.inputNames).toEqual(['input']);
  });

  it('copies the values, so that later changes of an output do not show', async () => {
    let observed: readonly Float32Array[] = [];
    await observeGraph(session, ['hidden'], 1, (values) => (observed = values)).run([]);

    expect(observed[0]!.buffer.byteLength).toBe(4);
  });

  it.each(['ids', 'missing'])(
    'throws a TypeError for the output %s, which has no floats',
    async (name) => {
      await expect(observeGraph(session, [name], 1, () => undefined).run([])).rejects.toThrow(
        TypeError,
      );
    },
  );
});
