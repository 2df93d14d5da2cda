import { readFile } from 'node:fs/promises';

import { GraphBuilder } from '../models/convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../models/convert/graph/onnx-model.js';
import { PROBE_GRAPH, int8ProductsSaturate } from './int8-saturation.js';

it('probes with the graph that its comment describes', () => {
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

    expect(await int8ProductsSaturate()).toBe(process.arch === 'x64' && !hasVnni);
  },
);
