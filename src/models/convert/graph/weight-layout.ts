import type { GraphBuilder } from './graph-builder.js';
import type { WeightLocation } from './onnx-model.js';

/** The runtime maps weights into memory, and a mapping starts at a page. */
const ALIGNMENT = 4096;

/** Lays the constants of one graph out in a file, from the front, and keeps the list of what goes where. */
export class WeightLayout {
  private end = 0;
  private readonly placed: WeightSlot[] = [];

  /** @param file a name of `PACKAGE_FILES`. */
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
 * Adds a float32 constant made of tensors of one shape, one behind the other, and returns its name.
 *
 * @param shape of each tensor; that of the constant is the same with all first dimensions added up.
 */
export type EmitConstant = (
  name: string,
  tensors: readonly string[],
  shape: readonly number[],
) => string;

export function createConstant(graph: GraphBuilder, layout: WeightLayout): EmitConstant {
  return (name, tensors, shape) => {
    const bytes = shape.reduce((product, size) => product * size, 4);
    const location = layout.reserve(bytes * tensors.length);
    tensors.forEach((tensor, index) => {
      const offset = location.offset + index * bytes;
      layout.place({ tensor, shape, placement: { kind: 'float32-rows', offset } });
    });
    const [first = 1, ...rest] = shape;
    return graph.weight(name, 'float32', [first * tensors.length, ...rest], location);
  };
}

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
