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

it('finds no saturation on CPUs with VNNI or AMX', async () => {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const isMadeForIt = /\b(avx512_vnni|avx_vnni|amx_int8|asimddp)\b/.test(cpuinfo);

  const found = await int8ProductsSaturate();

  expect(typeof found).toBe('boolean');
  if (isMadeForIt) expect(found).toBe(false);
});
