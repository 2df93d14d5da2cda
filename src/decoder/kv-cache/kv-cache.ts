import type { GraphInputs, GraphTensor } from '../../runtime/graph-session.js';
import {
  type CacheConfig,
  type CachePlane,
  type PlaneData,
  allocate,
  cachePlanes,
  planeTensor,
  clearUnused,
  copyLines,
  linesOf,
  moveLines,
  type Strided,
} from './cache-planes.js';
import type { KvPrefix } from './kv-prefix.js';

/**
 * Growth step in positions. A smaller step copies the cache more often; a larger one makes the graph process padding.
 */
const GROWTH = 64;

/** The first `length` positions of a slot. */
export interface CacheSlice {
  readonly cache: KvCache;
  readonly slot: number;
  readonly length: number;
}

/**
 * Keys and values of several sequences, one slot each, in the layout of the graph inputs. The host owns the cache, and
 * the graph returns only the new positions: the Node.js binding of ONNX Runtime copies every output, and copying the
 * whole cache would take longer than the model.
 */
export class KvCache {
  readonly planes: readonly CachePlane[];
  private readonly data: PlaneData[];
  private slotCount = 0;
  private positions = 0;
  private reserved = 0;
  private views: {
    readonly first: number;
    readonly count: number;
    readonly inputs: GraphInputs;
  } | null = null;

  constructor(readonly config: CacheConfig) {
    this.planes = cachePlanes(config);
    this.data = this.planes.map((plane) => allocate(plane, 0, 0));
  }

  get slots(): number {
    return this.slotCount;
  }

  /** Positions of a slot as the graph receives them, filled or not. */
  get capacity(): number {
    return this.positions;
  }

  /**
   * Sets the expected length of a slot. Later allocations have room to grow to it in place; the operating system
   * commits memory only when it is written.
   */
  reserve(positions: number): void {
    this.reserved = positions;
  }

  /** Grows to the given size and keeps the content. Fewer slots drop those at the end. */
  resize(slots: number, positions: number): void {
    this.allocate(slots, positions <= this.positions ? this.positions : roundUpToGrowth(positions));
  }

  /** Resizes to the given size, which may be smaller than before. */
  fit(slots: number, positions: number): void {
    this.allocate(slots, roundUpToGrowth(positions));
  }

  private allocate(slots: number, capacity: number): void {
    if (slots === this.slotCount && capacity === this.positions) return;
    this.views = null;
    const reserved = Math.max(capacity, this.reserved);
    // Plane by plane, because a second copy of a long cache would take gigabytes.
    this.planes.forEach((plane, index) => {
      const { lines, run } = linesOf(plane);
      const kept = Math.min(slots, this.slotCount) * lines;
      const [from, to] = [this.positions * run, capacity * run];
      const old = this.dataOf(index);
      const fits = old.length >= slots * lines * to;
      const isOversized = old.length > 2 * slots * lines * reserved * run;
      if (fits && !isOversized) {
        moveLines(old, kept, from, to);
        if (plane.type === 'float32') clearUnused(old, kept, from, to, slots * lines);
      } else {
        const grown = allocate(plane, roundUpSlots(slots), reserved);
        const source = { data: old, start: 0, stride: from };
        const target = { data: grown, start: 0, stride: to };
        copyLines(source, target, kept, Math.min(from, to));
        this.data[index] = grown;
      }
    });
    this.slotCount = slots;
    this.positions = capacity;
  }

  /** Graph inputs `past.{plane}` of `count` slots from `first`. The views are reused until the cache is resized. */
  inputs(first: number, count: number): GraphInputs {
    if (this.views?.first === first && this.views.count === count) return this.views.inputs;
    const inputs: Record<string, GraphTensor> = {};
    this.planes.forEach((plane, index) => {
      const size = plane.heads * plane.width * this.positions;
      const data = this.dataOf(index).subarray(first * size, (first + count) * size);
      inputs[`past.${plane.name}`] = planeTensor(plane, count, this.positions, data);
    });
    this.views = { first, count, inputs };
    return inputs;
  }

  /**
   * Appends the new positions of one sequence.
   *
   * @param outputs graph outputs `present.{plane}` of the batch, `count` positions per sequence.
   * @param index index of the sequence in the batch.
   * @param at first new position.
   * @throws TypeError if an output is missing or has another type or size.
   */
  append(
    outputs: Readonly<Record<string, GraphTensor>>,
    index: number,
    count: number,
    slot: number,
    at: number,
  ): void {
    this.resize(this.slotCount, at + count);
    this.planes.forEach((plane, which) => {
      const output = outputs[`present.${plane.name}`];
      const { lines, run } = linesOf(plane);
      const size = lines * count * run;
      if (output?.type !== plane.type || output.data.length < (index + 1) * size) {
        throw new TypeError(
          `The graph output present.${plane.name} is missing or has another type or size.`,
        );
      }
      copyLines(
        { data: output.data, start: index * size, stride: count * run },
        this.linesFrom(plane, which, slot, at),
        lines,
        count * run,
      );
    });
  }

  /** Zeroes the float planes of a slot (see `clearUnused`). */
  clear(slot: number): void {
    this.planes.forEach(({ type, heads, width }, which) => {
      const size = heads * width * this.positions;
      if (type === 'float32') this.dataOf(which).fill(0, slot * size, (slot + 1) * size);
    });
  }

  /** Copies the first `length` positions of a slot of another cache to position `at`. */
  copyFrom({ cache, slot: from, length }: CacheSlice, slot: number, at: number): void {
    this.planes.forEach((plane, which) => {
      const { lines, run } = linesOf(plane);
      const source = cache.linesFrom(plane, which, from, 0);
      copyLines(source, this.linesFrom(plane, which, slot, at), lines, length * run);
    });
  }

  /** Copies the first `length` positions of a prefix. */
  copyPrefix(prefix: KvPrefix, length: number, slot: number): void {
    this.planes.forEach((plane, which) => {
      const data = prefix.planes[which]?.data;
      if (!data) throw new TypeError(`The prefix has no plane ${plane.name}.`);
      const { lines, run } = linesOf(plane);
      const source = { data, start: 0, stride: prefix.length * run };
      copyLines(source, this.linesFrom(plane, which, slot, 0), lines, length * run);
    });
  }

  /** The cache as a prefix, sharing memory. It must have one full slot and no reserve. */
  asPrefix(): KvPrefix {
    const planes = this.planes.map(({ name }, which) => ({ name, data: this.dataOf(which) }));
    const bytes = planes.reduce((total, { data }) => total + data.byteLength, 0);
    return { length: this.positions, bytes, planes };
  }

  /** A cache of one slot with exactly `positions` positions. */
  static withLength(config: CacheConfig, positions: number): KvCache {
    const cache = new KvCache(config);
    cache.allocate(1, positions);
    return cache;
  }

  /** The lines of a slot in one plane, from position `at`. */
  private linesFrom(plane: CachePlane, which: number, slot: number, at: number): Strided {
    const { lines, run } = linesOf(plane);
    return {
      data: this.dataOf(which),
      start: (slot * lines * this.positions + at) * run,
      stride: this.positions * run,
    };
  }

  private dataOf(which: number): PlaneData {
    const data = this.data[which];
    if (!data) throw new RangeError(`There is no plane ${which}.`);
    return data;
  }
}

/** Rounds up to a power of two, so that sequences can join the batch without another copy. */
function roundUpSlots(slots: number): number {
  return 2 ** Math.ceil(Math.log2(slots));
}

/** Rounds up to the growth step. */
export function roundUpToGrowth(positions: number): number {
  return Math.ceil(positions / GROWTH) * GROWTH;
}
