import { readFile } from 'node:fs/promises';

import { GraphBuilder } from '../models/convert/graph-builder.js';
import { encodeOnnxModel } from '../models/convert/onnx-model.js';
import { PROBE_GRAPH, saturates } from './saturation.js';

it('asks with the graph that its comment tells of', () => {
  const graph = new GraphBuilder('probe');
  graph.input('a', 'uint8', ['m', 'k']);
  graph.input('b', 'int8', ['k', 'n']);
  graph.emit('MatMulInteger', ['a', 'b'], 'sum');
  graph.emit('Cast', ['sum'], 'float', { to: { int: 1 } });
  graph.output('float', 'float32', ['m', 'n']);

  expect(PROBE_GRAPH.equals(encodeOnnxModel(graph.build()))).toBe(true);
});

// The processor's features are read from /proc/cpuinfo. ARM without dot products adds in 32 bits too.
(process.platform === 'linux' ? it : it.skip)(
  'finds saturation on x86 processors without instructions for 8-bit products, and on no others',
  async () => {
    const cpuinfo = await readFile('/proc/cpuinfo', 'utf8');
    const hasVnni = /\b(?:avx512_vnni|avx_vnni|amx_int8)\b/.test(cpuinfo);

    expect(await saturates()).toBe(process.arch === 'x64' && !hasVnni);
  },
);
