import { dirname } from 'node:path';

import { InferenceSession, Tensor } from 'onnxruntime-node';

import { SalamandraError } from '../errors/salamandra-error.js';
import { int8ProductsSaturate } from './int8-saturation.js';

/** A value that goes into a graph or comes out of one. The runtime reads `data` without a copy. */
export type GraphTensor =
  | { readonly type: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly type: 'int8'; readonly shape: readonly number[]; readonly data: Int8Array }
  | { readonly type: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** Values by the names of a graph's inputs. */
export type GraphInputs = Readonly<Record<string, GraphTensor>>;

/** A loaded graph. It owns native memory until `close`. */
export interface GraphSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once and returns every output. The call blocks the event loop and cannot be interrupted.
   *
   * @param inputs in as many records as the caller has them in: one of hundreds of names takes a millisecond to make.
   * @throws INTERNAL when an input is missing or of a wrong shape: the caller's mistake, not the user's.
   */
  run(inputs: readonly GraphInputs[]): Promise<Record<string, GraphTensor>>;
  close(): Promise<void>;
}

/** Longer than the gaps between the products of a step, far shorter than a scheduler's turns. LOG.md of the bench has figures. */
const SPIN_MICROSECONDS = '50';

/**
 * Loads an ONNX graph for the CPU; weights beside it are mapped into memory.
 *
 * @param options.threads how many threads one product may use.
 * @param options.graph read instead of the file at `path`, beside which its weights still are.
 * @throws MODEL_INVALID when the file is missing or is no graph that the runtime can run.
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
    // Shapes change from run to run, so planned memory would be planned anew each time.
    enableMemPattern: false,
    extra: {
      session: {
        // During a run threads wait for each other awake, but not for long: whoever waits for one that another program keeps
        // from running takes its core as well. Between runs they sleep: media workers and the other graphs share these cores.
        intra_op: { allow_spinning: '1', spin_duration_us: SPIN_MICROSECONDS },
        force_spinning_stop: '1',
        // A way around it, at half the speed, and a second copy of the weights while it loads.
        ...((await int8ProductsSaturate()) && { x64quantprecision: '1' }),
        // Names of weight files are relative to it where the graph itself has no place.
        ...(options.graph && { model_external_initializers_file_folder_path: dirname(path) }),
      },
    },
    logSeverityLevel: 3,
  };
  const loading = options.graph
    ? InferenceSession.create(options.graph, settings)
    : InferenceSession.create(path, settings);
  const session = await loading.catch((cause: unknown) => {
    throw new SalamandraError('MODEL_INVALID', 'The model cannot be used: a graph does not load.', {
      cause,
    });
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
    for (const part of inputs) {
      for (const [name, value] of Object.entries(part)) feeds[name] = toTensor(value);
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
  throw new TypeError(`Output ${name} is of type ${value.type}.`);
}
