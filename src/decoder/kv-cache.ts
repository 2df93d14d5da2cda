import type { DecoderManifest } from '../model-store/manifest.js';
import type { FloatTensor } from '../tensor/tensor.js';

/** The keys and values of one layer as the graph takes them, padding included. */
export interface PastKeyValues {
  readonly key: FloatTensor; // [1, kvHeads, capacity, headDim]
  readonly value: FloatTensor; // [1, kvHeads, capacity, headDim]
}

type CacheConfig = Pick<DecoderManifest, 'layers' | 'keyValueHeads' | 'headDim'>;

/** Positions by which a cache grows: every growth copies it once, and the graph pays for the padding. */
const GROWTH = 256;

/**
 * Keys and values of one sequence. The host owns them and the graph returns new rows only, because the runtime's binding
 * copies every output at every run; a cache that came back from the graph would cost more than the model.
 */
export class KvCache {
  readonly #config: CacheConfig;
  readonly #keys: Float32Array[];
  readonly #values: Float32Array[];
  #length = 0;
  #capacity = 0;

  constructor(config: CacheConfig) {
    this.#config = config;
    this.#keys = Array.from({ length: config.layers }, () => new Float32Array(0));
    this.#values = Array.from({ length: config.layers }, () => new Float32Array(0));
  }

  /** Positions filled. */
  get length(): number {
    return this.#length;
  }

  /** Positions handed to the graph: a multiple of 256, and 0 while nothing is filled. */
  get capacity(): number {
    return this.#length === 0 ? 0 : this.#capacity;
  }

  /** The tensors of a layer. They are views: an append may replace them. */
  past(layer: number): PastKeyValues {
    const { keyValueHeads, headDim } = this.#config;
    const shape = [1, keyValueHeads, this.capacity, headDim];
    const view = (buffers: Float32Array[]): FloatTensor => {
      const buffer = buffers[layer];
      if (!buffer) throw new RangeError(`The cache has no layer ${layer}.`);
      return { shape, data: this.#length === 0 ? buffer.subarray(0, 0) : buffer };
    };
    return { key: view(this.#keys), value: view(this.#values) };
  }

  /**
   * Takes over the new rows of every layer.
   *
   * @param rows one `[1, kvHeads, s, headDim]` pair a layer, all with the same s.
   * @throws RangeError when a layer is missing or of another shape.
   */
  append(rows: readonly PastKeyValues[]): void {
    const { layers, keyValueHeads, headDim } = this.#config;
    const added = rows[0]?.key.shape[2] ?? 0;
    const size = keyValueHeads * added * headDim;
    const isComplete =
      rows.length === layers &&
      rows.every(({ key, value }) => key.data.length === size && value.data.length === size);
    if (!isComplete) throw new RangeError(`The cache takes ${layers} layers of ${size} values.`);

    this.#reserve(this.#length + added);
    rows.forEach(({ key, value }, layer) => {
      this.#write(this.#keys[layer], key.data, added);
      this.#write(this.#values[layer], value.data, added);
    });
    this.#length += added;
  }

  /** Forgets everything from `length` on, so that another prompt can share what comes before. */
  truncate(length: number): void {
    if (!Number.isInteger(length) || length < 0 || length > this.#length) {
      throw new RangeError(`The cache holds ${this.#length} positions, not ${length}.`);
    }
    this.#length = length;
  }

  #write(buffer: Float32Array | undefined, rows: Float32Array, added: number): void {
    const { keyValueHeads, headDim } = this.#config;
    for (let head = 0; head < keyValueHeads; head++) {
      const source = rows.subarray(head * added * headDim, (head + 1) * added * headDim);
      buffer?.set(source, (head * this.#capacity + this.#length) * headDim);
    }
  }

  #reserve(positions: number): void {
    if (positions <= this.#capacity) return;
    const capacity = Math.ceil(positions / GROWTH) * GROWTH;
    // One buffer after another: a long cache takes gigabytes, and a second one beside it must not be needed.
    for (const buffers of [this.#keys, this.#values]) {
      for (const [layer, buffer] of buffers.entries()) {
        buffers[layer] = this.#resized(buffer, capacity);
      }
    }
    this.#capacity = capacity;
  }

  #resized(buffer: Float32Array, capacity: number): Float32Array {
    const { keyValueHeads, headDim } = this.#config;
    const resized = new Float32Array(keyValueHeads * capacity * headDim);
    for (let head = 0; head < keyValueHeads; head++) {
      const start = head * this.#capacity * headDim;
      const filled = buffer.subarray(start, start + this.#length * headDim);
      resized.set(filled, head * capacity * headDim);
    }
    return resized;
  }
}
