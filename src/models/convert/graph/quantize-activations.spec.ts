import { loadGraph } from '../../../runtime/graph-session.js';
import { GraphBuilder } from './graph-builder.js';
import { encodeOnnxModel } from './onnx-model.js';
import {
  emitQuantizedRows,
  emitQuantizedSmallRows,
  QUERY_ZERO_POINT,
  type QuantizedRows,
} from './quantize-activations.js';

const SHAPE = [2, 3, 40];
const COLUMNS = 40;
const ROWS = 6;
/** The third row is of zeros, and the fourth has one value far beyond the others. */
const X = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
  const row = Math.floor(i / COLUMNS);
  if (row === 2) return 0;
  if (i === 3 * COLUMNS + 7) return -500;
  return Math.sin(i * 1.7) * 10 ** (row - 2);
});

async function run(
  type: 'uint8' | 'int8',
  emit: (graph: GraphBuilder, x: string) => QuantizedRows,
) {
  const graph = new GraphBuilder('bytes');
  const { values, scale } = emit(graph, graph.input('x', 'float32', ['a', 'b', COLUMNS]));
  graph.output(values, type, ['a', 'b', COLUMNS]);
  graph.output(scale, 'float32', ['a', 'b', 1]);
  const model = encodeOnnxModel(graph.build());
  const session = await loadGraph('row-bytes.onnx', { threads: 1, graph: model });
  const outputs = await session.run([{ x: { type: 'float32', shape: SHAPE, data: X } }]);
  await session.close();
  return { values: outputs[values]!, scale: outputs[scale]! };
}

describe.each([
  [
    'emitQuantizedRows',
    { type: 'uint8', zero: 128, largest: 127 },
    (graph: GraphBuilder, x: string) => emitQuantizedRows(graph, x, COLUMNS),
  ],
  [
    'emitQuantizedSmallRows of a query',
    { type: 'uint8', zero: QUERY_ZERO_POINT, largest: 63 },
    (graph: GraphBuilder, x: string) => emitQuantizedSmallRows(graph, x, 'query'),
  ],
  [
    'emitQuantizedSmallRows of what is cached',
    { type: 'int8', zero: 0, largest: 127 },
    (graph: GraphBuilder, x: string) => emitQuantizedSmallRows(graph, x, 'cached'),
  ],
] as const)('%s', (_, { type, zero, largest }, emit) => {
  it('has an error of at most half a step of the row', async () => {
    const { values, scale } = await run(type, emit);

    expect(values.type).toBe(type);
    expect([values.shape, scale.shape]).toEqual([SHAPE, [2, 3, 1]]);
    for (let row = 0; row < ROWS; row++) {
      const own = X.subarray(row * COLUMNS, (row + 1) * COLUMNS);
      const step = Number(scale.data[row]);
      if (row !== 2) expect(step).toBeCloseTo(Math.max(...own.map(Math.abs)) / largest, 6);
      own.forEach((value, column) => {
        const byte = Number(values.data[row * COLUMNS + column]) - zero;
        expect(Math.abs(byte)).toBeLessThanOrEqual(largest);
        expect(Math.abs(byte * step - value)).toBeLessThanOrEqual(step * 0.501);
      });
    }
  });
});
