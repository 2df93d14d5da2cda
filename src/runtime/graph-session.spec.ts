import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GraphBuilder } from '../models/convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../models/convert/graph/onnx-model.js';
import { loadGraph } from './graph-session.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'graph-session-'));
  const graph = new GraphBuilder('sum');
  graph.input('a', 'float32', ['n']);
  graph.input('b', 'int64', ['n']);
  graph.emit('Add', ['a', graph.floats('half', Float32Array.of(0.5), [1])], 'sum');
  graph.emit('Identity', ['b'], 'copy');
  graph.output('sum', 'float32', ['n']);
  graph.output('copy', 'int64', ['n']);
  await writeFile(join(directory, 'sum.onnx'), encodeOnnxModel(graph.build()));
});

afterAll(() => rm(directory, { recursive: true }));

describe('loadGraph', () => {
  it('runs a graph', async () => {
    const session = await loadGraph(join(directory, 'sum.onnx'), { threads: 1 });

    const { sum, copy } = await session.run([
      {
        a: { type: 'float32', shape: [2], data: Float32Array.of(1, 2) },
        b: { type: 'int64', shape: [2], data: BigInt64Array.of(3n, -4n) },
      },
    ]);

    expect(session.inputNames).toEqual(['a', 'b']);
    expect(session.outputNames).toEqual(['sum', 'copy']);
    expect(sum).toEqual({ type: 'float32', shape: [2], data: Float32Array.of(1.5, 2.5) });
    expect(copy).toEqual({ type: 'int64', shape: [2], data: BigInt64Array.of(3n, -4n) });
    await session.close();
  });

  it('reports a missing input as INTERNAL without the message of the library', async () => {
    const session = await loadGraph(join(directory, 'sum.onnx'), { threads: 1 });

    await expect(session.run([])).rejects.toMatchObject({
      code: 'INTERNAL',
      publicMessage: 'Internal error.',
    });
    await session.close();
  });

  it('rejects a missing file', async () => {
    await expect(loadGraph(join(directory, 'none.onnx'), { threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      publicMessage:
        'Invalid model: ONNX Runtime cannot load a graph. Convert or download the model again.',
    });
  });

  it('rejects a file that is not a graph', async () => {
    await writeFile(join(directory, 'bad.onnx'), 'not a graph');

    await expect(loadGraph(join(directory, 'bad.onnx'), { threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
  });
});
