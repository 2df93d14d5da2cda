import { SalamandraError } from '../errors/salamandra-error.js';
import type { GraphSession } from '../runtime/graph-session.js';
import { openRowTable, SCALE_BYTES } from './row-table.js';
import { topLogits } from './sampling/top-logits.js';

/** Hidden states to scores. */
export interface OutputHead {
  /**
   * @param hidden `[count, hidden]`, row by row.
   * @returns scores `[vocabulary]` of each row.
   */
  logits(hidden: Float32Array, count: number): Promise<Float32Array[]>;
}

/** The rows of a head in eight bits. It owns a file descriptor until `close`. */
export interface HeadRows {
  /** The score of one token: its row times the hidden state. */
  dot(id: number, hidden: Float32Array): number;
  close(): void;
}

/** How many of the likeliest tokens are scored again: sampling rarely looks further, and it costs half a millisecond. */
const CANDIDATES = 64;

/**
 * Scores through the graph, whose weights may be rounded to four bits to be read in half the time. The likeliest tokens of
 * that are then scored again with their rows in eight bits, so that what is chosen is what a finer head would choose.
 *
 * @param rows null where the graph is exact.
 */
export function createOutputHead(graph: GraphSession, rows: HeadRows | null): OutputHead {
  return {
    async logits(hidden, count) {
      const width = hidden.length / count;
      const outputs = await graph.run([
        { hidden: { type: 'float32', shape: [count, width], data: hidden } },
      ]);
      const logits = outputs['logits'];
      if (logits?.type !== 'float32') {
        throw new SalamandraError('MODEL_INVALID', 'The model cannot be used: it gives no scores.');
      }
      const vocabulary = logits.data.length / count;
      return Array.from({ length: count }, (_, row) => {
        const scores = logits.data.subarray(row * vocabulary, (row + 1) * vocabulary);
        if (rows) rescore(scores, hidden.subarray(row * width, (row + 1) * width), rows);
        return scores;
      });
    },
  };
}

function rescore(scores: Float32Array, hidden: Float32Array, rows: HeadRows): void {
  for (const id of topLogits(scores, CANDIDATES)) scores[id] = rows.dot(id, hidden);
}

/**
 * Opens a table of rows: signed bytes, and behind them the float32 that each is multiplied with.
 *
 * @throws MODEL_INVALID when the file cannot be opened or is not of the promised size.
 */
export function openHeadRows(path: string, count: number, columns: number): HeadRows {
  const rowBytes = columns + SCALE_BYTES;
  const row = new Uint8Array(rowBytes);
  const values = new Int8Array(row.buffer, 0, columns);
  const view = new DataView(row.buffer);
  const table = openRowTable(path, { rows: count, rowBytes }, 'the rows of its head');
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
