import { parseRope } from '../../src/models/convert/checkpoint/parse-rope.js';
import { createRopeTables } from '../../src/decoder/rope/rope-table.js';
import type { FloatTensor } from '../../src/tensor/tensor.js';
import { measureDistance } from './measures.js';
import { exponent } from './image-row.js';
import type { RopeCase, ShapeReferences } from './shape-references.js';

/** The context length in the configurations of the references. */
const CONTEXT = 32_768;

/** Prints and returns the largest difference of cosines and sines at positions below `limit`. */
export function compareRopes(
  { kind, config, headDim, positions, cos, sin }: RopeCase,
  { read }: ShapeReferences,
  limit: number,
): number {
  const near = positions.filter((position) => position < limit);
  const half = headDim / 2;
  const table = createRopeTables({
    headDim,
    ...parseRope(config, { label: String, headDim, maxPositions: CONTEXT }),
  })(Math.max(...near) + 1);
  const rows = ({ data }: FloatTensor) =>
    near.flatMap((position) => [...data.subarray(position * half, (position + 1) * half)]);
  const stored = near.length * half;
  const difference = Math.max(
    measureDistance(rows(table.cos), read(cos).subarray(0, stored)).maxAbs,
    measureDistance(rows(table.sin), read(sin).subarray(0, stored)).maxAbs,
  );
  process.stdout.write(`rope ${kind}, to position ${near.at(-1)}: ${exponent(difference)}\n`);
  return difference;
}
