import { dirname } from 'node:path';

import { InferenceSession, Tensor } from './onnx-runtime.js';

import { SalamandraError } from '../errors/salamandra-error.js';
import { int8ProductsSaturate } from './int8-saturation.js';

/** An input or output of a graph. ONNX Runtime uses `data` without a copy. */
export type GraphTensor =
  | { readonly type: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly type: 'int8'; readonly shape: readonly number[]; readonly data: Int8Array }
  | { readonly type: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** Tensors by input name. */
export type GraphInputs = Readonly<Record<string, GraphTensor>>;

/** A loaded ONNX graph. Owns native memory until `close`. */
export interface GraphSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once and returns every output. Blocks the event loop and cannot be interrupted.
   *
   * @param inputs several records, because merging hundreds of names into one takes about 1 ms
   * @throws INTERNAL if an input is missing or has a wrong shape, which is a programming error
   */
  run(inputs: readonly GraphInputs[]): Promise<Record<string, GraphTensor>>;
  close(): Promise<void>;
}

/**
 * Longer than the gaps between matrix products of a decode step, much shorter than a time slice of the operating
 * system's scheduler. Measurements: test/bench/LOG.md.
 */
const SPIN_MICROSECONDS = '50';

/**
 * Loads an ONNX graph for the CPU. External weight files in the same folder are memory-mapped.
 *
 * @param options.threads threads per operator
 * @param options.graph the graph, instead of the file at `path`; external weights are in the folder of `path`
 * @throws MODEL_INVALID if the file is missing or ONNX Runtime cannot load it
 */
export async function loadGraph(
  path: string,
  options: { readonly threads: number; readonly graph?: Uint8Array | undefined },
): Promise<GraphSession> {
  const settings: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // Shapes differ between runs, so a memory plan could not be reused.
    enableMemPattern: false,
    extra: {
      session: {
        // Threads spin briefly during a run: longer spinning wastes a core while another process has preempted a
        // thread. Between runs they sleep, because media workers and the other graphs share these cores.
        intra_op: { allow_spinning: '1', spin_duration_us: SPIN_MICROSECONDS },
        force_spinning_stop: '1',
        // Avoids saturation at half the speed, with a second copy of the weights while loading.
        ...((await int8ProductsSaturate()) && { x64quantprecision: '1' }),
        // A graph from memory has no path: names of its weight files are relative to this folder.
        ...(options.graph && { model_external_initializers_file_folder_path: dirname(path) }),
      },
    },
    logSeverityLevel: 3,
  };
  const loading = options.graph
    ? InferenceSession.create(options.graph, settings)
    : InferenceSession.create(path, settings);
  const session = await loading.catch((cause: unknown) => {
    throw new SalamandraError(
      'MODEL_INVALID',
      'Invalid model: ONNX Runtime cannot load a graph. Convert or download the model again.',
      { cause },
    );
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: (inputs) => run(session, inputs),
    close: () => session.release(),
  };
}

async function run(
  session: InferenceSession,
  inputs: readonly GraphInputs[],
): Promise<Record<string, GraphTensor>> {
  try {
    const feeds: Record<string, Tensor> = {};
    for (const record of inputs) {
      for (const [name, value] of Object.entries(record)) feeds[name] = toTensor(value);
    }
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, value]) => [name, fromTensor(name, value)]),
    );
  } catch (cause) {
    throw new SalamandraError('INTERNAL', 'Internal error.', { cause });
  }
}

function toTensor(value: GraphTensor): Tensor {
  switch (value.type) {
    case 'float32':
      return new Tensor('float32', value.data, value.shape);
    case 'uint8':
      return new Tensor('uint8', value.data, value.shape);
    case 'int8':
      return new Tensor('int8', value.data, value.shape);
    case 'int64':
      return new Tensor('int64', value.data, value.shape);
  }
}

function fromTensor(name: string, value: Tensor): GraphTensor {
  const { dims: shape, data } = value;
  if (data instanceof Float32Array) return { type: 'float32', shape, data };
  if (data instanceof Uint8Array) return { type: 'uint8', shape, data };
  if (data instanceof Int8Array) return { type: 'int8', shape, data };
  if (data instanceof BigInt64Array) return { type: 'int64', shape, data };
  throw new TypeError(`Output ${name} has the unsupported type ${value.type}.`);
}
