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
export const MARKED_CACHE: CacheConfig = {
  layers: 2,
  keyValueHeads: 2,
  headDim: 3,
  cache: 'int8-rows',
};

const HEADS = MARKED_CACHE.keyValueHeads;
const PLANES = cachePlanes(MARKED_CACHE);

/** The cached value for a marked position. It differs for each plane, head and column. */
function valueOf(mark: number, plane: number, head: number, column: number): number {
  const value = mark * 31 + plane * 7 + head * 3 + column;
  // Within the range of int8, so that no rounding changes it.
  return value % 120;
}

/** The index of a value within a head. */
function placeOf(
  layout: CachePlane['layout'],
  positions: number,
  width: number,
  position: number,
  column: number,
): number {
  return layout === 'rows' ? position * width + column : column * positions + position;
}

/**
 * The new keys and values that a decoder graph returns for marked positions.
 *
 * @param marks of each sequence, the same number for all.
 */
export function markedOutputs(marks: readonly (readonly number[])[]): Record<string, GraphTensor> {
  const count = marks[0]?.length ?? 0;
  const outputs: Record<string, GraphTensor> = {};
  PLANES.forEach((plane, index) => {
    const { name, layout, width } = plane;
    const data = allocate(plane, marks.length, count);
    marks.forEach((ofSequence, sequence) => {
      ofSequence.forEach((mark, position) => {
        for (let head = 0; head < HEADS; head++) {
          for (let column = 0; column < width; column++) {
            const place = placeOf(layout, count, width, position, column);
            const start = (sequence * HEADS + head) * count * width;
            data[start + place] = valueOf(mark, index, head, column);
          }
        }
      });
    });
    outputs[`present.${name}`] = planeTensor(plane, marks.length, count, data);
  });
  return outputs;
}

/**
 * Whether the inputs of a graph hold these marks for one sequence, from its first position on, in every plane and head.
 *
 * @param inputs with names `{part}.{plane}`.
 */
export function holdsMarks(
  inputs: Readonly<Record<string, GraphTensor>>,
  part: 'past' | 'prefix',
  sequence: number,
  marks: readonly number[],
): boolean {
  return PLANES.every(({ name, layout, width }, plane) => {
    const { shape, data } = inputs[`${part}.${name}`]!;
    const positions = shape[layout === 'rows' ? 2 : 3]!;
    const values = data as PlaneData;
    const at = (head: number, position: number, column: number) =>
      values[
        (sequence * HEADS + head) * positions * width +
          placeOf(layout, positions, width, position, column)
      ];
    return Array.from({ length: HEADS }, (_, head) =>
      marks.every((mark, position) =>
        Array.from({ length: width }, (__, column) => column).every(
          (column) => at(head, position, column) === valueOf(mark, plane, head, column),
        ),
      ),
    ).every(Boolean);
  });
}
