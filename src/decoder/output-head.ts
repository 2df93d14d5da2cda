import { invalidModel } from '../models/package/invalid-model.js';
import type { GraphSession } from '../runtime/graph-session.js';
import { openTableFile, SCALE_BYTES } from './table-file.js';
import { topLogits } from './sampling/rank-logits.js';

/** Hidden states -> logits. */
export interface OutputHead {
  /**
   * @param hidden `[count, hidden]`.
   * @returns logits `[vocabulary]` per row.
   */
  logits(hidden: Float32Array, count: number): Promise<Float32Array[]>;
}

/** The int8 rows of the output head. They keep a file open until `close`. */
export interface HeadRows {
  /** Logit of one token, before a softcap: dot product of its row and the hidden state. */
  dot(id: number, hidden: Float32Array): number;
  close(): void;
}

/** Top tokens whose logits are recomputed. Sampling rarely reaches further, and 64 take half a millisecond. */
const CANDIDATES = 64;

/**
 * Computes logits with the head graph, whose weights may be int4, because they are the largest matrix of a decode step.
 * The logits of the CANDIDATES top tokens are then recomputed with int8 rows, so that greedy decoding chooses the token
 * that an int8 head would choose.
 *
 * @param rows `null` if the graph is not quantized to int4.
 * @param softcap limit of the logits, which the graph applies too; `null` for none.
 */
export function createOutputHead(
  graph: GraphSession,
  rows: HeadRows | null,
  softcap: number | null,
): OutputHead {
  const capped = (logit: number) =>
    softcap === null ? logit : softcap * Math.tanh(logit / softcap);
  return {
    async logits(hidden, count) {
      const width = hidden.length / count;
      const outputs = await graph.run([
        { hidden: { type: 'float32', shape: [count, width], data: hidden } },
      ]);
      const logits = outputs['logits'];
      if (logits?.type !== 'float32') {
        throw invalidModel('the head graph has no float32 output `logits`');
      }
      const vocabulary = logits.data.length / count;
      return Array.from({ length: count }, (_, row) => {
        const rowLogits = logits.data.subarray(row * vocabulary, (row + 1) * vocabulary);
        if (!rows) return rowLogits;
        const state = hidden.subarray(row * width, (row + 1) * width);
        for (const id of topLogits(rowLogits, CANDIDATES)) {
          rowLogits[id] = capped(rows.dot(id, state));
        }
        return rowLogits;
      });
    },
  };
}

/**
 * Opens the table of int8 head rows. Each row is `columns` int8 values and their float32 scale.
 *
 * @throws MODEL_INVALID if the file cannot be opened or has another size.
 */
export function openHeadRows(path: string, count: number, columns: number): HeadRows {
  const rowBytes = columns + SCALE_BYTES;
  const row = new Uint8Array(rowBytes);
  const values = new Int8Array(row.buffer, 0, columns);
  const view = new DataView(row.buffer);
  const table = openTableFile(path, { rows: count, rowBytes }, 'head rows');
  return {
    dot(id, hidden) {
      table.read(id, row);
      let sum = 0;
      for (let column = 0; column < columns; column++)
        sum += (values[column] ?? 0) * (hidden[column] ?? 0);
      return sum * view.getFloat32(columns, true);
    },
    close: () => {
      table.close();
    },
  };
}
