/**
 * Where and how the rows of one tensor lie in a file of the package. Offsets count bytes from the start of the
 * file and are those of the tensor's own first row; several tensors may share a matrix, one below the other.
 */
export type WeightPlacement =
  /** Float32, row after row. */
  | { readonly kind: 'float32-rows'; readonly offset: number }
  /** Float32 as [columns, matrixRows]: value (row, column) is at `offset + 4 * (column * matrixRows + row)`. */
  | { readonly kind: 'float32-columns'; readonly offset: number; readonly matrixRows: number }
  /** Eight bits as [columns, matrixRows], and a float32 scale a row at `scales`. */
  | {
      readonly kind: 'int8-columns';
      readonly offset: number;
      readonly matrixRows: number;
      readonly scales: number;
    }
  /** Blocks of `blockSize` values along a row, as MatMulNBits reads them, and a float32 scale a block at `scales`. */
  | {
      readonly kind: 'blocks';
      readonly offset: number;
      readonly bits: 4 | 8;
      readonly blockSize: number;
      readonly scales: number;
    }
  /** A row is `columns` signed bytes and then the float32 that they are multiplied with. */
  | { readonly kind: 'int8-rows'; readonly offset: number };

/** What becomes of one tensor of the checkpoint in one place of the package. */
export interface WeightSlot {
  /** The tensor's name after `canonicalName`. */
  readonly tensor: string;
  /** What the checkpoint must hold; the first dimension counts rows, the others are one. */
  readonly shape: readonly number[];
  /** A name of `PACKAGE_FILES`. */
  readonly file: string;
  readonly placement: WeightPlacement;
}
