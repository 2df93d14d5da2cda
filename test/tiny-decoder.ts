import type { GraphSession, GraphTensor } from '../src/runtime/graph-session.js';
import { TINY } from './tiny-checkpoint.js';

const { hidden, keyValueHeads, headDim, layers } = TINY.decoder;

/** Feeds embeddings in chunks into a cache of `capacity` positions; the logits after each chunk. */
export async function decodeTiny(
  session: GraphSession,
  embeddings: Float32Array,
  chunks: number[],
  capacity: number,
): Promise<number[][]> {
  const angles = Array.from({ length: ((embeddings.length / hidden) * headDim) / 2 }, (_, i) => {
    const pair = i % (headDim / 2);
    return Math.floor(i / (headDim / 2)) * 10000 ** ((-2 * pair) / headDim);
  });
  const cache = Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`])
      .flat()
      .map((name) => [name, new Float32Array(keyValueHeads * capacity * headDim)]),
  );
  const logits: number[][] = [];
  let past = 0;
  for (const length of chunks) {
    const total = capacity + length;
    const bias = Float32Array.from({ length: length * total }, (_, i) => {
      const [row, column] = [Math.floor(i / total), i % total];
      const visible = column < capacity ? column < past : column - capacity <= row;
      return visible ? 0 : -1e9;
    });
    const outputs = await session.run({
      inputs_embeds: float(
        [1, length, hidden],
        embeddings.slice(past * hidden, (past + length) * hidden),
      ),
      position_ids: {
        type: 'int64',
        shape: [1, length],
        data: BigInt64Array.from({ length }, (_, i) => BigInt(past + i)),
      },
      rope_cos: float(
        [angles.length / (headDim / 2), headDim / 2],
        Float32Array.from(angles, Math.cos),
      ),
      rope_sin: float(
        [angles.length / (headDim / 2), headDim / 2],
        Float32Array.from(angles, Math.sin),
      ),
      attention_bias: float([1, 1, 1, length, total], bias),
      ...Object.fromEntries(
        Object.entries(cache).map(([name, data]) => [
          `past.${name}`,
          float([1, keyValueHeads, capacity, headDim], data),
        ]),
      ),
    });
    for (const [name, data] of Object.entries(cache)) {
      const rows = outputs[`present.${name}`]!;
      if (rows.shape.join() !== [1, keyValueHeads, length, headDim].join()) {
        throw new RangeError(`present.${name} has the shape [${rows.shape.join(', ')}].`);
      }
      for (let head = 0; head < (capacity > 0 ? keyValueHeads : 0); head++) {
        const fresh = rows.data.slice(head * length * headDim, (head + 1) * length * headDim);
        data.set(fresh as Float32Array, (head * capacity + past) * headDim);
      }
    }
    logits.push([...(outputs['logits']!.data as Float32Array)]);
    past += length;
  }
  return logits;
}

function float(shape: number[], data: Float32Array): GraphTensor {
  return { type: 'float32', shape, data };
}
