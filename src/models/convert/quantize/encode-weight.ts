import { setImmediate as yieldToEventLoop } from 'node:timers/promises';

import { checkFinite } from '../checkpoint/float-formats.js';
import type { WeightSlot } from '../graph/weight-layout.js';
import type { WeightFiles } from '../write/weight-files.js';
import { type MatrixSource, blockRowsOf } from './matrix-source.js';
import { createRowEncoder } from './row-encoders.js';

/** Called after each block with its share of the weight (0 to 1). May throw to abort. */
export type OnBlock = (share: number) => void;

/** Encodes a weight for all its slots and writes it. @throws MODEL_INVALID, STORAGE_FULL */
export async function encodeWeight(
  source: MatrixSource,
  slots: readonly WeightSlot[],
  files: WeightFiles,
  onBlock: OnBlock,
): Promise<void> {
  const { rows, columns } = source;
  const blockRows = blockRowsOf(columns, rows);
  const size = { rows, columns, blockRows };
  const encoders = slots.map(({ placement, file }) =>
    createRowEncoder(placement, size, files.writer(file)),
  );
  for (let start = 0; start < rows; start += blockRows) {
    const count = Math.min(blockRows, rows - start);
    const block = source.readRows(start, count);
    try {
      for (const encoder of encoders) encoder.add(block, count);
    } catch (error) {
      // The encoders notice values that are NaN or infinite without knowing their position.
      checkFinite(source.tensor, block.values, start * columns);
      throw error;
    }
    onBlock(count / rows);
    await yieldToEventLoop();
  }
  for (const encoder of encoders) encoder.finish();
}
