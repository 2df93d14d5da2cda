import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { InferenceSession, Tensor } from '../../../src/runtime/onnx-runtime.js';

import { GraphBuilder } from '../../../src/models/convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../../../src/models/convert/graph/onnx-model.js';
import { randomBytes } from '../peers/random-blocks.js';
import type { Figures } from './job.js';
import { elapsedMs } from './timing.js';

/** Larger than the caches of any processor. */
const BYTES_PER_THREAD = 512 * 1024 ** 2;
const READS = 8;

/** Sizes of a typical matrix product in the prefill of a large model. */
const [ROWS, COLUMNS, OUTPUTS] = [512, 4_096, 8_192];
const PRODUCTS = 8;

/** A thread that reads its memory once: it searches for a byte that does not occur, with the C library. */
const READER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const memory = Buffer.alloc(workerData, 1);
  parentPort.on('message', () => parentPort.postMessage(memory.indexOf(2)));
  parentPort.postMessage('ready');
`;

/** Measures the memory bandwidth and arithmetic of this machine: the best of several runs. */
export async function measureLimits(threads: number): Promise<Figures> {
  return {
    bytesPerSecond: await measureBandwidth(threads),
    int8OperationsPerSecond: await measureProduct(threads),
  };
}

async function measureBandwidth(threads: number): Promise<number> {
  const readers = Array.from(
    { length: threads },
    () => new Worker(READER, { eval: true, workerData: BYTES_PER_THREAD }),
  );
  const answers = () =>
    Promise.all(readers.map((reader) => new Promise((resolve) => reader.once('message', resolve))));
  await answers();
  const times: number[] = [];
  for (let read = 0; read < READS; read++) {
    const answered = answers();
    const ms = elapsedMs(() => answered);
    for (const reader of readers) reader.postMessage('read');
    times.push(await ms);
  }
  await Promise.all(readers.map((reader) => reader.terminate()));
  return (threads * BYTES_PER_THREAD * 1e3) / Math.min(...times);
}

/** Operations of uint8 x int8 products, two per multiply-add, with the kernel of the prefill. */
async function measureProduct(threads: number): Promise<number> {
  const graph = new GraphBuilder('product');
  const file = 'product.onnx.data';
  graph.input('a', 'uint8', ['rows', COLUMNS]);
  graph.floats('a_scale', Float32Array.of(1), []);
  const b = graph.weight('b', 'int8', [COLUMNS, OUTPUTS], {
    ...{ file, offset: 0, length: COLUMNS * OUTPUTS },
  });
  graph.floats('b_scale', new Float32Array(OUTPUTS).fill(1), [OUTPUTS]);
  graph.byte('zero', 128);
  graph.emit('MatMulIntegerToFloat', ['a', b, 'a_scale', 'b_scale', 'zero'], 'product');
  // The graph returns one number of the result, since the binding copies every output.
  graph.emit('Gather', ['product', graph.integers('first', [0])], 'result', { axis: { int: 1 } });
  graph.output('result', 'float32', ['rows', 1]);
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-bench-'));
  try {
    await writeFile(join(folder, file), randomBytes(COLUMNS * OUTPUTS));
    const path = join(folder, 'product.onnx');
    await writeFile(path, encodeOnnxModel(graph.build()));
    const session = await InferenceSession.create(path, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
    const a = new Tensor('uint8', randomBytes(ROWS * COLUMNS), [ROWS, COLUMNS]);
    const times: number[] = [];
    for (let run = 0; run < PRODUCTS; run++) times.push(await elapsedMs(() => session.run({ a })));
    await session.release();
    return (2 * ROWS * COLUMNS * OUTPUTS * 1e3) / Math.min(...times);
  } finally {
    await rm(folder, { recursive: true });
  }
}
