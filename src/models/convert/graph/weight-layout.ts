import type { GraphBuilder } from './graph-builder.js';
import type { WeightLocation } from './onnx-model.js';

/** ONNX Runtime maps weights into memory, and mappings start at page boundaries. */
const ALIGNMENT = 4096;

/** Assigns offsets in the `.onnx.data` file of a graph and collects the slots of its weights. */
export class WeightLayout {
  private end = 0;
  private readonly placed: WeightSlot[] = [];

  /** @param file one of `PACKAGE_FILES`. */
  constructor(readonly file: string) {}

  get bytes(): number {
    return this.end;
  }

  get slots(): readonly WeightSlot[] {
    return this.placed;
  }

  reserve(length: number): WeightLocation {
    const offset = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    this.end = offset + length;
    return { file: this.file, offset, length };
  }

  place(slot: Omit<WeightSlot, 'file'>): void {
    this.placed.push({ ...slot, file: this.file });
  }
}

/**
 * Adds a float32 constant that concatenates tensors of equal shape along the first dimension, and returns its name.
 *
 * @param shape shape of each tensor.
 * @param addend added to each value.
 */
export type EmitConstant = (
  name: string,
  tensors: readonly string[],
  shape: readonly number[],
  addend?: number,
) => string;

export function createConstant(graph: GraphBuilder, layout: WeightLayout): EmitConstant {
  return (name, tensors, shape, addend = 0) => {
    const bytes = shape.reduce((product, size) => product * size, 4);
    const location = layout.reserve(bytes * tensors.length);
    tensors.forEach((tensor, index) => {
      const offset = location.offset + index * bytes;
      layout.place({ tensor, shape, placement: { kind: 'float32-rows', offset, addend } });
    });
    const [first = 1, ...rest] = shape;
    return graph.weight(name, 'float32', [first * tensors.length, ...rest], location);
  };
}

/**
 * Storage of the rows of one tensor in a package file. `offset` and `scales` are byte offsets in the file, for the
 * tensor's first row. Several tensors may be stacked in one matrix of `matrixRows` rows.
 */
export type WeightPlacement =
  /** float32, row-major, with `addend` added to each value. */
  | { readonly kind: 'float32-rows'; readonly offset: number; readonly addend?: number }
  /**
   * float32, transposed to [columns, matrixRows]: value (row, column) is at `offset + 4 * (column * matrixRows + row)`.
   */
  | { readonly kind: 'float32-columns'; readonly offset: number; readonly matrixRows: number }
  /** int8, transposed to [columns, matrixRows], with a float32 scale per row at `scales`. */
  | {
      readonly kind: 'int8-columns';
      readonly offset: number;
      readonly matrixRows: number;
      readonly scales: number;
    }
  /**
   * Blocks of `blockSize` values along a row, in the format of MatMulNBits, with a float32 scale per block at `scales`,
   * and `bits` bits of zero point per block at `zeroPoints`, each row padded to bytes. Without `zeroPoints` they are
   * 2^(bits - 1).
   */
  | {
      readonly kind: 'blocks';
      readonly offset: number;
      readonly bits: 4 | 8;
      readonly blockSize: number;
      readonly scales: number;
      readonly zeroPoints: number | null;
    }
  /** Each row is `columns` int8 values followed by its float32 scale. */
  | { readonly kind: 'int8-rows'; readonly offset: number };

/** One destination of a checkpoint tensor in the package. */
export interface WeightSlot {
  /** Canonical name of the tensor. */
  readonly tensor: string;
  /** Required shape of the tensor. The first dimension is the rows, the others are flattened to columns. */
  readonly shape: readonly number[];
  /** One of `PACKAGE_FILES`. */
  readonly file: string;
  readonly placement: WeightPlacement;
}
