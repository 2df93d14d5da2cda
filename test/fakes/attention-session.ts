import type { GraphSession, GraphTensor } from '../../src/runtime/graph-session.js';

/** The shape of the fake: 1 layer, 2 key-value heads of 4 values, hidden size 8, 11 tokens, a float32 cache. */
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
  cache: 'float32',
} as const;

const { hiddenSize, keyValueHeads, headDim, vocabularySize, ropeTheta } = FAKE_DECODER;

type Inputs = Readonly<Record<string, GraphTensor>>;

/** The inputs of a graph run. */
export interface RecordedRun {
  /** Positions of each sequence, in batch order. */
  readonly positions: readonly number[];
  readonly batch: number;
  /** Positions of the shared prefix. */
  readonly prefix: number;
  readonly pastCapacity: number;
}

/** The key and value of one position. */
interface Row {
  readonly key: Float32Array;
  readonly value: Float32Array;
  readonly bias: number;
}

/**
 * One layer of causal attention with rotary positions in plain loops, with the inputs and outputs of decoder.onnx.
 * Several positions are a prefill chunk of one prompt, masked by `past_length`. One position per sequence is a decode
 * step, masked by the bias. A wrong slot, mask, position or prefix changes the hidden states.
 */
export function createAttentionSession(): GraphSession & { readonly runs: RecordedRun[] } {
  const runs: RecordedRun[] = [];
  return {
    runs,
    inputNames: [],
    outputNames: [],
    close: () => Promise.resolve(),
    run(inputGroups) {
      const inputs: Inputs = Object.fromEntries(inputGroups.flatMap(Object.entries));
      const [batch = 0, count = 0] = sizes(inputs, 'inputs_embeds');
      runs.push({
        positions: [...int64(inputs, 'position_ids')].map(Number),
        batch,
        prefix: sizes(inputs, 'prefix.0.key')[2] ?? 0,
        pastCapacity: sizes(inputs, 'past.0.key')[2] ?? 0,
      });
      if (count > 1 && batch > 1) throw new RangeError('A prefill chunk has exactly one sequence.');
      return Promise.resolve(attend(inputs, batch, count));
    },
  };
}

/** The output head of the fake: hidden states to logits. */
export function createHeadSession(): GraphSession {
  return {
    inputNames: ['hidden'],
    outputNames: ['logits'],
    close: () => Promise.resolve(),
    run([inputs = {}]) {
      const [count = 0] = sizes(inputs, 'hidden');
      const hidden = float32(inputs, 'hidden');
      const data = Float32Array.from({ length: count * vocabularySize }, (_, i) =>
        fakeLogit(hidden.subarray(...rowOf(Math.floor(i / vocabularySize))), i % vocabularySize),
      );
      return Promise.resolve({
        logits: { type: 'float32', shape: [count, vocabularySize], data },
      });
    },
  };
}

/** The fake's logits for a whole prompt, computed in one pass without a cache. */
export function computeLogits(embeds: Float32Array): Float32Array {
  const count = embeds.length / hiddenSize;
  const rows = Array.from({ length: count }, (_, i) => embeds.subarray(...rowOf(i)));
  const hidden = new Float32Array(hiddenSize);
  for (let head = 0; head < keyValueHeads; head++) {
    const headOf = (row: Float32Array) => row.subarray(head * headDim, (head + 1) * headDim);
    const attended = rows.map((row, position) => ({
      key: rotate(headOf(row), anglesAt(position)),
      value: toValue(headOf(row)),
      bias: 0,
    }));
    const query = rotate(toQuery(headOf(rows.at(-1)!)), anglesAt(count - 1));
    hidden.set(mix(query, attended), head * headDim);
  }
  return Float32Array.from({ length: vocabularySize }, (_, id) => fakeLogit(hidden, id));
}

function attend(inputs: Inputs, batch: number, count: number): Record<string, GraphTensor> {
  const embeds = float32(inputs, 'inputs_embeds');
  const positions = int64(inputs, 'position_ids');
  const shape = [batch, keyValueHeads, count, headDim];
  const present = {
    key: new Float32Array(batch * count * hiddenSize),
    value: new Float32Array(batch * count * hiddenSize),
  };
  const hidden = new Float32Array(batch * hiddenSize);
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let head = 0; head < keyValueHeads; head++) {
      const embedOf = (at: number) => {
        const start = (sequence * count + at) * hiddenSize + head * headDim;
        return embeds.subarray(start, start + headDim);
      };
      const anglesOf = (at: number) => readAngles(inputs, Number(positions[sequence * count + at]));
      for (let at = 0; at < count; at++) {
        const start = ((sequence * keyValueHeads + head) * count + at) * headDim;
        present.key.set(rotate(embedOf(at), anglesOf(at)), start);
        present.value.set(toValue(embedOf(at)), start);
      }
      // Like the real graph, it returns the hidden state of the last position only.
      const query = rotate(toQuery(embedOf(count - 1)), anglesOf(count - 1));
      const cached = count === 1 ? decodeRows(inputs, sequence, head) : prefillRows(inputs, head);
      const own = Array.from({ length: count }, (_, at) => {
        const start = ((sequence * keyValueHeads + head) * count + at) * headDim;
        return {
          key: present.key.subarray(start, start + headDim),
          value: present.value.subarray(start, start + headDim),
          bias: 0,
        };
      });
      hidden.set(mix(query, [...cached, ...own]), sequence * hiddenSize + head * headDim);
    }
  }
  return {
    hidden: { type: 'float32', shape: [batch, hiddenSize], data: hidden },
    'present.0.key': { type: 'float32', shape, data: present.key },
    'present.0.value': { type: 'float32', shape, data: present.value },
  };
}

/** Prefix and cache rows of a sequence in a decode step. The bias masks rows that are not filled. */
function decodeRows(inputs: Inputs, sequence: number, head: number): Row[] {
  const prefix = cachedRows(inputs, 'prefix', 0, head);
  const past = cachedRows(inputs, 'past', sequence, head);
  const width = prefix.length + past.length + 1;
  const bias = float32(inputs, 'attention_bias');
  if (sizes(inputs, 'attention_bias').at(-1) !== width)
    throw new RangeError('attention_bias is narrower than the cache.');
  return [...prefix, ...past].map((row, at) => ({ ...row, bias: bias[sequence * width + at]! }));
}

/** Prefix and filled cache rows of the only sequence of a prefill chunk. */
function prefillRows(inputs: Inputs, head: number): Row[] {
  const filled = Number(int64(inputs, 'past_length')[0]);
  const past = cachedRows(inputs, 'past', 0, head).slice(0, filled);
  return [...cachedRows(inputs, 'prefix', 0, head), ...past];
}

function cachedRows(
  inputs: Inputs,
  source: 'prefix' | 'past',
  sequence: number,
  head: number,
): Row[] {
  const [key, value] = [float32(inputs, `${source}.0.key`), float32(inputs, `${source}.0.value`)];
  const [, heads = 0, positions = 0] = sizes(inputs, `${source}.0.key`);
  return Array.from({ length: positions }, (_, at) => {
    const start = ((sequence * heads + head) * positions + at) * headDim;
    const end = start + headDim;
    return { key: key.subarray(start, end), value: value.subarray(start, end), bias: 0 };
  });
}

/** Softmax over the attention scores, then the weighted sum of the values. */
function mix(query: Float32Array, rows: readonly Row[]): Float32Array {
  const scores = rows.map(({ key, bias }) => dot(query, key) + bias);
  const highest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - highest));
  const total = weights.reduce((a, b) => a + b, 0);
  const output = new Float32Array(headDim);
  rows.forEach(({ value }, i) => {
    value.forEach((x, d) => (output[d]! += (weights[i]! / total) * x));
  });
  return output;
}

const toQuery = (row: Float32Array) => row.map((x) => 2 * x);
const toValue = (row: Float32Array) => row.map((x, d) => Math.sin(3 * x + d));

function fakeLogit(hidden: Float32Array, id: number): number {
  return hidden.reduce((sum, x, d) => sum + x * Math.cos(id * 7 + d * 3), 0);
}

function rowOf(index: number): [number, number] {
  return [index * hiddenSize, (index + 1) * hiddenSize];
}

interface Angles {
  readonly cos: ArrayLike<number>;
  readonly sin: ArrayLike<number>;
}

function readAngles(inputs: Inputs, position: number): Angles {
  const half = headDim / 2;
  const at = (name: string) =>
    float32(inputs, name).subarray(position * half, (position + 1) * half);
  return { cos: at('rope_cos'), sin: at('rope_sin') };
}

function anglesAt(position: number): Angles {
  const angles = Array.from(
    { length: headDim / 2 },
    (_, i) => position * ropeTheta ** ((-2 * i) / headDim),
  );
  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
}

function rotate(row: Float32Array, { cos, sin }: Angles): Float32Array {
  const half = headDim / 2;
  return row.map((x, d) => {
    const i = d % half;
    return d < half ? x * cos[i]! - row[i + half]! * sin[i]! : x * cos[i]! + row[i]! * sin[i]!;
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, x, i) => total + x * b[i]!, 0);
}

/** The shape of an input. @throws RangeError if it does not match the number of values */
function sizes(inputs: Inputs, name: string): readonly number[] {
  const { shape, data } = get(inputs, name);
  if (shape.reduce((a, b) => a * b, 1) !== data.length)
    throw new RangeError(`${name}: the shape does not match the number of values.`);
  return shape;
}

function float32(inputs: Inputs, name: string): Float32Array {
  const input = get(inputs, name);
  if (input.type !== 'float32') throw new TypeError(`${name} is of ${input.type}.`);
  return input.data;
}

function int64(inputs: Inputs, name: string): BigInt64Array {
  const input = get(inputs, name);
  if (input.type !== 'int64') throw new TypeError(`${name} is of ${input.type}.`);
  return input.data;
}

function get(inputs: Inputs, name: string): GraphTensor {
  const input = inputs[name];
  if (!input) throw new TypeError(`${name} is missing.`);
  return input;
}
