import {
  allocate,
  type CacheConfig,
  cachePlanes,
  type CachePlane,
  planeTensor,
  type PlaneData,
} from '../../src/decoder/kv-cache/cache-planes.js';
import type { GraphTensor } from '../../src/runtime/graph-session.js';

/** An int8 cache with 2 layers, 2 heads and 3 values per row: it has every type of plane. */
export const FAKE_CACHE: CacheConfig = {
  layers: 2,
  keyValueHeads: 2,
  headDim: 3,
  cache: 'int8-rows',
};

const HEADS = FAKE_CACHE.keyValueHeads;
const PLANES = cachePlanes(FAKE_CACHE);

/** Cached value of a token. It differs for each plane, head and column. */
function valueOf(token: number, plane: number, head: number, column: number): number {
  const value = token * 31 + plane * 7 + head * 3 + column;
  // Exact in int8.
  return value % 120;
}

/** Index of a value within a head. */
function indexInHead(
  layout: CachePlane['layout'],
  positions: number,
  width: number,
  position: number,
  column: number,
): number {
  return layout === 'rows' ? position * width + column : column * positions + position;
}

/**
 * Outputs `present.{plane}` of a decoder graph for new tokens.
 *
 * @param batch tokens of each sequence, the same number for all.
 */
export function decoderOutputs(batch: readonly (readonly number[])[]): Record<string, GraphTensor> {
  const count = batch[0]?.length ?? 0;
  const outputs: Record<string, GraphTensor> = {};
  PLANES.forEach((plane, planeIndex) => {
    const { name, layout, width } = plane;
    const data = allocate(plane, batch.length, count);
    batch.forEach((tokens, sequence) => {
      tokens.forEach((token, position) => {
        for (let head = 0; head < HEADS; head++) {
          for (let column = 0; column < width; column++) {
            const index = indexInHead(layout, count, width, position, column);
            const start = (sequence * HEADS + head) * count * width;
            data[start + index] = valueOf(token, planeIndex, head, column);
          }
        }
      });
    });
    outputs[`present.${name}`] = planeTensor(plane, batch.length, count, data);
  });
  return outputs;
}

/**
 * Whether graph inputs contain the keys and values of these tokens in every plane and head, starting at the first
 * position of a sequence.
 *
 * @param inputs with names `{source}.{plane}`.
 */
export function containsTokens(
  inputs: Readonly<Record<string, GraphTensor>>,
  source: 'past' | 'prefix',
  sequence: number,
  tokens: readonly number[],
): boolean {
  return PLANES.every(({ name, layout, width }, plane) => {
    const { shape, data } = inputs[`${source}.${name}`]!;
    const positions = shape[layout === 'rows' ? 2 : 3]!;
    const values = data as PlaneData;
    const at = (head: number, position: number, column: number) =>
      values[
        (sequence * HEADS + head) * positions * width +
          indexInHead(layout, positions, width, position, column)
      ];
    return Array.from({ length: HEADS }, (_, head) =>
      tokens.every((token, position) =>
        Array.from({ length: width }, (__, column) => column).every(
          (column) => at(head, position, column) === valueOf(token, plane, head, column),
        ),
      ),
    ).every(Boolean);
  });
}
