import { cachePlanes, type CacheConfig, type PlaneData } from '../../src/decoder/cache-planes.js';
import type { GraphTensor } from '../../src/runtime/graph-session.js';

/** A cache of bytes with two layers, two heads and three values a row: small, and of every type of plane. */
export const MARKED_CACHE: CacheConfig = {
  layers: 2,
  keyValueHeads: 2,
  headDim: 3,
  cache: 'int8-rows',
};

const HEADS = MARKED_CACHE.keyValueHeads;
const PLANES = cachePlanes(MARKED_CACHE);

/** What stands at one place of a cache whose positions carry marks: tells planes, heads and columns apart. */
function valueOf(mark: number, plane: number, head: number, column: number): number {
  const value = mark * 31 + plane * 7 + head * 3 + column;
  // What an int8 keeps as it is, and a uint8 as well.
  return value % 120;
}

/**
 * What a graph gives for new positions with these marks.
 *
 * @param marks of each sequence; as many for one as for another.
 */
export function markedOutputs(marks: readonly (readonly number[])[]): Record<string, GraphTensor> {
  const count = marks[0]?.length ?? 0;
  const outputs: Record<string, GraphTensor> = {};
  PLANES.forEach(({ name, type, width }, plane) => {
    const values = marks.flatMap((ofSequence) =>
      Array.from({ length: HEADS }, (_, head) =>
        ofSequence.map((mark) =>
          Array.from({ length: width }, (__, column) => valueOf(mark, plane, head, column)),
        ),
      ).flat(2),
    );
    const shape = [marks.length, HEADS, count, width];
    const data = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array }[type].from(values);
    outputs[`present.${name}`] = { type, shape, data } as GraphTensor;
  });
  return outputs;
}

/**
 * Whether one sequence of what a graph would be fed holds these marks from its first position on, in every plane and head.
 *
 * @param inputs holds `{part}.{plane}` [sequences, heads, positions, width].
 */
export function holdsMarks(
  inputs: Readonly<Record<string, GraphTensor>>,
  part: 'past' | 'prefix',
  sequence: number,
  marks: readonly number[],
): boolean {
  return PLANES.every(({ name, width }, plane) => {
    const { shape, data } = inputs[`${part}.${name}`]!;
    const positions = (width === 1 ? shape[3] : shape[2])!;
    const values = data as PlaneData;
    const at = (head: number, position: number, column: number) =>
      values[((sequence * HEADS + head) * positions + position) * width + column];
    return Array.from({ length: HEADS }, (_, head) =>
      marks.every((mark, position) =>
        Array.from({ length: width }, (__, column) => column).every(
          (column) => at(head, position, column) === valueOf(mark, plane, head, column),
        ),
      ),
    ).every(Boolean);
  });
}
