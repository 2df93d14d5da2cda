import type { GraphBuilder } from './graph-builder.js';
import type { WeightLocation } from './onnx-model.js';
import type { WeightSlot } from './weight-slot.js';

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
