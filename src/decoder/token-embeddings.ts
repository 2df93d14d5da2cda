import { invalidModel } from '../models/package/invalid-model.js';
import type { EmbeddingsManifest } from '../models/package/manifest.js';
import { type FloatTensor, createTensor } from '../tensor/tensor.js';
import { openTableFile, SCALE_BYTES } from './table-file.js';

/** Token embedding table of a decoder. Its file stays open until `close`. */
export interface TokenEmbeddings {
  readonly hiddenSize: number;
  /** @throws MODEL_INVALID for an id outside the table, or if the file ends early. */
  embed(ids: readonly number[]): FloatTensor; // [ids, hidden]
  close(): void;
}

const FLOAT_BYTES = 4;

/**
 * Opens a table with one row per token. The table of a real model has 1 to 4 GB, so rows are read on demand: a read
 * from the page cache takes about 10 µs. Reads are synchronous, because the inference process has no other work in
 * between.
 *
 * @throws MODEL_INVALID if the file cannot be opened or has another size.
 */
export function openTokenEmbeddings(
  path: string,
  { dtype, rows, columns, scale }: Omit<EmbeddingsManifest, 'file'>,
): TokenEmbeddings {
  const rowBytes = dtype === 'float32' ? columns * FLOAT_BYTES : columns + SCALE_BYTES;
  const factor = Math.fround(scale);
  const decodeRow = dtype === 'float32' ? decodeFloats : decodeScaledBytes;
  const table = openTableFile(path, { rows, rowBytes }, 'token embeddings');

  const readRow = (id: number): DataView => {
    if (!Number.isInteger(id) || id < 0 || id >= rows) {
      throw invalidModel(`the tokenizer has token ${id}, and the embedding table has ${rows} rows`);
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
      if (scale !== 1) embeddings.data.forEach((value, i) => (embeddings.data[i] = value * factor));
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

/** Int8 values followed by their float32 scale. */
function decodeScaledBytes(row: DataView): Float32Array {
  const columns = row.byteLength - SCALE_BYTES;
  const scale = row.getFloat32(columns, true);
  return Float32Array.from(new Int8Array(row.buffer, 0, columns), (value) => value * scale);
}
