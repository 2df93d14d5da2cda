import { invalidModel } from '../models/package/invalid-model.js';
import type { EmbeddingsManifest } from '../models/package/manifest.js';
import { type FloatTensor, createTensor } from '../tensor/tensor.js';
import { openRowTable, SCALE_BYTES } from './row-table.js';

/** The embedding table of a decoder. It owns a file descriptor until `close`. */
export interface TokenEmbeddings {
  readonly hiddenSize: number;
  /** @throws MODEL_INVALID for an id outside the table, or when the file ends early. */
  embed(ids: readonly number[]): FloatTensor; // [ids, hidden]
  close(): void;
}

const FLOAT_BYTES = 4;

/**
 * Opens a table of rows, one a token. The real one is 1 to 4 GB, so a row is read when it is asked for and none is
 * kept: the system's page cache does that, and a read from it costs about 10 µs, nothing beside a decode step. Reads are
 * synchronous because the process that owns the table does nothing else meanwhile.
 *
 * @throws MODEL_INVALID when the file cannot be opened or is not of the promised size.
 */
export function openTokenEmbeddings(
  path: string,
  { dtype, rows, columns }: Omit<EmbeddingsManifest, 'file'>,
): TokenEmbeddings {
  const rowBytes = dtype === 'float32' ? columns * FLOAT_BYTES : columns + SCALE_BYTES;
  const decodeRow = dtype === 'float32' ? decodeFloats : decodeScaledBytes;
  const table = openRowTable(path, { rows, rowBytes }, 'its token embeddings');

  const readRow = (id: number): DataView => {
    if (!Number.isInteger(id) || id < 0 || id >= rows) {
      throw invalidModel('its tokenizer has tokens without an embedding');
    }
    const bytes = new Uint8Array(rowBytes);
    table.read(id, bytes);
    return new DataView(bytes.buffer);
  };

  return {
    hiddenSize: columns,
    embed(ids) {
      const embeddings = createTensor([ids.length, columns]);
      ids.forEach((id, row) => embeddings.data.set(decodeRow(readRow(id)), row * columns));
      return embeddings;
    },
    close: () => {
      table.close();
    },
  };
}

function decodeFloats(row: DataView): Float32Array {
  return new Float32Array(row.buffer);
}

/** Signed bytes, and behind them the float that each of them is multiplied with. */
function decodeScaledBytes(row: DataView): Float32Array {
  const columns = row.byteLength - SCALE_BYTES;
  const scale = row.getFloat32(columns, true);
  return Float32Array.from(new Int8Array(row.buffer, 0, columns), (value) => value * scale);
}
