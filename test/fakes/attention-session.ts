import type { GraphSession, GraphTensor } from '../../src/runtime/graph-session.js';

/** The shape of the fake: one layer, two key-value heads of four, hidden 8, eleven tokens. */
export const FAKE_DECODER = {
  hiddenSize: 8,
  layers: 1,
  attentionHeads: 2,
  keyValueHeads: 2,
  headDim: 4,
  vocabularySize: 11,
  maxPositions: 1200,
  ropeTheta: 10_000,
  ropeScaling: null,
} as const;

const { hiddenSize, keyValueHeads, headDim, vocabularySize } = FAKE_DECODER;

/** What a run was fed, for specs that look at the inputs. */
export interface RecordedRun {
  readonly positions: readonly number[];
  readonly pastCapacity: number;
}

/**
 * One layer of causal attention with rotary positions, written out in plain loops with the inputs and outputs of
 * decoder.onnx, or of prefill.onnx, which gives rows alone. It honours the bias and the position ids, so a wrong cache,
 * mask or position shows in the logits.
 */
export function createAttentionSession(
  output: 'logits' | 'rows alone' = 'logits',
): GraphSession & { readonly runs: RecordedRun[] } {
  const runs: RecordedRun[] = [];
  return {
    runs,
    inputNames: [],
    outputNames: [],
    close: () => Promise.resolve(),
    run(inputs) {
      const positions = [...int64(inputs, 'position_ids')].map(Number);
      const pastCapacity = inputs['past.0.key']?.shape[2] ?? 0;
      runs.push({ positions, pastCapacity });
      const { logits, ...rows } = attend(inputs, positions, pastCapacity);
      return Promise.resolve(output === 'logits' && logits ? { logits, ...rows } : rows);
    },
  };
}

function attend(
  inputs: Readonly<Record<string, GraphTensor>>,
  positions: readonly number[],
  past: number,
): Record<string, GraphTensor> {
  const count = positions.length;
  const embeds = float32(inputs, 'inputs_embeds');
  const bias = float32(inputs, 'attention_bias');
  const pastKey = float32(inputs, 'past.0.key');
  const pastValue = float32(inputs, 'past.0.value');
  const key = new Float32Array(count * hiddenSize); // [1, kvHeads, count, headDim]
  const value = new Float32Array(count * hiddenSize);
  const output = new Float32Array(hiddenSize);

  for (let head = 0; head < keyValueHeads; head++) {
    for (let i = 0; i < count; i++) {
      const row = embeds.subarray(
        i * hiddenSize + head * headDim,
        i * hiddenSize + (head + 1) * headDim,
      );
      key.set(rotate(row, positions[i]!, inputs), (head * count + i) * headDim);
      value.set(
        row.map((x, d) => Math.sin(3 * x + d)),
        (head * count + i) * headDim,
      );
    }
    // The output is for the last position alone, as in the real graph.
    const last = count - 1;
    const lastRow = embeds.subarray(
      last * hiddenSize + head * headDim,
      last * hiddenSize + (head + 1) * headDim,
    );
    const query = rotate(
      lastRow.map((x) => 2 * x),
      positions[last]!,
      inputs,
    );
    const scores = Array.from({ length: past + count }, (_, j) => {
      const [keys, at] = j < past ? [pastKey, head * past + j] : [key, head * count + j - past];
      return (
        dot(query, keys.subarray(at * headDim, (at + 1) * headDim)) +
        bias[last * (past + count) + j]!
      );
    });
    const highest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - highest));
    const total = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, j) => {
      const [values, at] =
        j < past ? [pastValue, head * past + j] : [value, head * count + j - past];
      for (let d = 0; d < headDim; d++) {
        output[head * headDim + d]! += (weight / total) * values[at * headDim + d]!;
      }
    });
  }
  const logits = Float32Array.from({ length: vocabularySize }, (_, id) =>
    dot(
      output,
      output.map((_, d) => Math.cos(id * 7 + d * 3)),
    ),
  );
  const shape = [1, keyValueHeads, count, headDim];
  return {
    logits: { type: 'float32', shape: [1, vocabularySize], data: logits },
    'present.0.key': { type: 'float32', shape, data: key },
    'present.0.value': { type: 'float32', shape, data: value },
  };
}

function rotate(
  row: Float32Array,
  position: number,
  inputs: Readonly<Record<string, GraphTensor>>,
): Float32Array {
  const half = headDim / 2;
  const cos = float32(inputs, 'rope_cos').subarray(position * half, (position + 1) * half);
  const sin = float32(inputs, 'rope_sin').subarray(position * half, (position + 1) * half);
  return row.map((x, d) => {
    const i = d % half;
    return d < half ? x * cos[i]! - row[i + half]! * sin[i]! : x * cos[i]! + row[i]! * sin[i]!;
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, x, i) => total + x * b[i]!, 0);
}

function float32(inputs: Readonly<Record<string, GraphTensor>>, name: string): Float32Array {
  const input = inputs[name];
  if (input?.type !== 'float32') throw new TypeError(`${name} is missing.`);
  return input.data;
}

function int64(inputs: Readonly<Record<string, GraphTensor>>, name: string): BigInt64Array {
  const input = inputs[name];
  if (input?.type !== 'int64') throw new TypeError(`${name} is missing.`);
  return input.data;
}
