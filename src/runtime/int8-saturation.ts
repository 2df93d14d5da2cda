import { InferenceSession, Tensor } from './onnx-runtime.js';

/**
 * An ONNX graph: MatMulInteger(a: uint8 [m, k], b: int8 [k, n]) as float32. Written by the encoder in models/convert,
 * which the spec repeats.
 */
export const PROBE_GRAPH = Buffer.from(
  'CAgSEXZpc3VhbC1zYWxhbWFuZHJhOpsBCiEKAWEKAWISA3N1bRoDc3VtIg1NYXRNdWxJbnRlZ2VyOgAKJgoD' +
    'c3VtEgVmbG9hdBoFZmxvYXQiBENhc3QqCQoCdG8YAaABAjoAEgVwcm9iZVoVCgFhEhAKDggCEgoKAxIBbQoD' +
    'EgFrWhUKAWISEAoOCAMSCgoDEgFrCgMSAW5iGQoFZmxvYXQSEAoOCAESCgoDEgFtCgMSAW5CBAoAEBFCEQoN' +
    'Y29tLm1pY3Jvc29mdBAB',
  'base64',
);

const ROWS = 2;
const DEPTH = 64;
const COLUMNS = 16;

let result: Promise<boolean> | undefined;

/**
 * Whether 8-bit matrix products saturate on this CPU. Without VNNI, AVX2 adds pairs of products in 16 bits, which the
 * largest values overflow. Measured with ONNX Runtime instead of a list of CPUs: 10 ms, once per process.
 */
export function int8ProductsSaturate(): Promise<boolean> {
  result ??= probe();
  return result;
}

async function probe(): Promise<boolean> {
  const session = await InferenceSession.create(PROBE_GRAPH, { intraOpNumThreads: 1 });
  try {
    const a = new Tensor('uint8', new Uint8Array(ROWS * DEPTH).fill(255), [ROWS, DEPTH]);
    const b = new Tensor('int8', new Int8Array(DEPTH * COLUMNS).fill(127), [DEPTH, COLUMNS]);
    const { float: sums } = await session.run({ a, b });
    return [...((sums?.data ?? []) as Float32Array)].some((sum) => sum !== 255 * 127 * DEPTH);
  } finally {
    await session.release();
  }
}
