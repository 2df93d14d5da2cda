import { InferenceSession, Tensor } from 'onnxruntime-node';

/** ONNX: MatMulInteger(a uint8 [m, k], b int8 [k, n]) as float32. Conversion's encoder wrote it; the spec writes it again. */
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

let answer: Promise<boolean> | undefined;

/**
 * Whether this processor's products of eight bits saturate: without VNNI, AVX2 adds pairs of them in sixteen bits, which the
 * largest overflow. Asked of the runtime rather than of a list of processors, and once a process: 10 ms.
 */
export function int8ProductsSaturate(): Promise<boolean> {
  answer ??= probe();
  return answer;
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
