import type { GraphInputs, GraphTensor } from '../../runtime/graph-session.js';
import {
  type CacheConfig,
  type CachePlane,
  type PlaneData,
  allocate,
  cachePlanes,
  planeTensor,
} from './cache-planes.js';
import type { KvPrefix } from './kv-prefix.js';
import { clearUnused, copyLines, linesOf, moveLines, type Strided } from './plane-lines.js';

/** Positions by which rows grow: every growth copies them once, and the graph pays for what is not filled. */
const GROWTH = 64;

/** Where rows lie, and how many of them are filled. */
export interface CacheSlice {
  readonly rows: KvRows;
  readonly slot: number;
  readonly length: number;
}

/**
 * Keys and values of several sequences, a slot each, in planes that the graph reads as they lie. The host owns them and the
 * graph returns new rows only, because the runtime's binding copies every output at every run; a cache that came back
 * from the graph would cost more than the model.
 */
export class KvRows {
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

  /** Positions of a slot, filled or not: what the graph is handed. */
  get capacity(): number {
    return this.positions;
  }

  /**
   * Says how many positions a slot is going to hold: what is taken from here on has room to grow in place. Memory that
   * nothing has been written to costs nothing yet.
   */
  reserve(positions: number): void {
    this.reserved = positions;
  }

  /** Makes room; what is there stays. Slots may also be dropped from the end. */
  resize(slots: number, positions: number): void {
    this.allocate(slots, positions <= this.positions ? this.positions : roundUpToGrowth(positions));
  }

  /** Has room for so many slots and positions, or what was set aside for them; what else there was is gone. */
  fit(slots: number, positions: number): void {
    this.allocate(slots, roundUpToGrowth(positions));
  }

  private allocate(slots: number, capacity: number): void {
    if (slots === this.slotCount && capacity === this.positions) return;
    this.views = null;
    const aside = Math.max(capacity, this.reserved);
    // One plane after another: a long cache takes gigabytes, and a second one beside it must not be needed.
    this.planes.forEach((plane, index) => {
      const { lines, run } = linesOf(plane);
      const kept = Math.min(slots, this.slotCount) * lines;
      const [from, to] = [this.positions * run, capacity * run];
      const old = this.dataOf(index);
      const isRoomy = old.length >= slots * lines * to;
      const isWasted = old.length > 2 * slots * lines * aside * run;
      if (isRoomy && !isWasted) {
        moveLines(old, kept, from, to);
        if (plane.type === 'float32') clearUnused(old, kept, from, to, slots * lines);
      } else {
        const grown = allocate(plane, roundUpSlots(slots), aside);
        const source = { data: old, start: 0, stride: from };
        const target = { data: grown, start: 0, stride: to };
        copyLines(source, target, kept, Math.min(from, to));
        this.data[index] = grown;
      }
    });
    this.slotCount = slots;
    this.positions = capacity;
  }

  /** Views of `count` slots from `first` on, `past.{plane}`: the same ones step after step, until rows move. */
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
   * Takes over the new rows of one sequence.
   *
   * @param outputs holds `present.{plane}` of the batch, with `count` positions laid out as the plane is.
   * @param index of the sequence in the batch.
   * @param at position of the first new row.
   * @throws TypeError when a plane is missing, of another type or of another size.
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
      const rows = outputs[`present.${plane.name}`];
      const { lines, run } = linesOf(plane);
      const size = lines * count * run;
      if (rows?.type !== plane.type || rows.data.length < (index + 1) * size) {
        throw new TypeError(`The graph gives no rows of ${plane.name}.`);
      }
      copyLines(
        { data: rows.data, start: index * size, stride: count * run },
        this.place(plane, which, slot, at),
        lines,
        count * run,
      );
    });
  }

  /** Forgets a slot's floats: see `clearUnused`. */
  clear(slot: number): void {
    this.planes.forEach(({ type, heads, width }, which) => {
      const size = heads * width * this.positions;
      if (type === 'float32') this.dataOf(which).fill(0, slot * size, (slot + 1) * size);
    });
  }

  /** Copies `length` positions of another cache's slot, from its start. */
  copyFrom({ rows, slot: from, length }: CacheSlice, slot: number, at: number): void {
    this.planes.forEach((plane, which) => {
      const { lines, run } = linesOf(plane);
      const source = rows.place(plane, which, from, 0);
      copyLines(source, this.place(plane, which, slot, at), lines, length * run);
    });
  }

  /** Copies the first `length` positions of a prefix. */
  copyPrefix(prefix: KvPrefix, length: number, slot: number): void {
    this.planes.forEach((plane, which) => {
      const data = prefix.planes[which]?.data;
      if (!data) throw new TypeError(`The prefix has no rows of ${plane.name}.`);
      const { lines, run } = linesOf(plane);
      const source = { data, start: 0, stride: prefix.length * run };
      copyLines(source, this.place(plane, which, slot, 0), lines, length * run);
    });
  }

  /** The first slot's rows, which must be full and nothing set aside, as a prefix; the two then share their memory. */
  asPrefix(): KvPrefix {
    const planes = this.planes.map(({ name }, which) => ({ name, data: this.dataOf(which) }));
    const bytes = planes.reduce((total, { data }) => total + data.byteLength, 0);
    return { length: this.positions, bytes, planes };
  }

  /** Room for exactly so many positions of one sequence. */
  static withLength(config: CacheConfig, positions: number): KvRows {
    const rows = new KvRows(config);
    rows.allocate(1, positions);
    return rows;
  }

  /** Where a position of a slot lies in one plane. */
  private place(plane: CachePlane, which: number, slot: number, at: number): Strided {
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

/** As many slots as memory is set aside for: who joins where others did finds room, and nobody is copied again. */
function roundUpSlots(slots: number): number {
  return 2 ** Math.ceil(Math.log2(slots));
}

/** As many positions as rows have that grew to hold so many. */
export function roundUpToGrowth(positions: number): number {
  return Math.ceil(positions / GROWTH) * GROWTH;
}
