import type { CacheConfig } from './cache-planes.js';
import type { KvPrefix } from './kv-prefix.js';
import { KvRows, roundUpToGrowth } from './kv-cache.js';

/** A sequence as the decoder knows it: where its rows are and how many it has behind its prefix. */
export interface SequenceState {
  prefix: KvPrefix | null;
  cache: KvRows;
  slot: number;
  /** Filled positions of its own. */
  ownLength: number;
  /** Positions of its own that it is going to have; 0 where nobody can say. */
  reservedLength: number;
}

/** Sequences in slots beside each other, ready to take a step together. */
export interface Arrangement {
  readonly cache: KvRows;
  readonly firstSlot: number;
  /** In the order of their slots. */
  readonly sequences: readonly SequenceState[];
  /** Read once for all; members without it have none, or its rows as their own. */
  readonly prefix: KvPrefix | null;
}

/**
 * Brings sequences together. One that joins is copied once, into a slot behind the others; one that leaves makes room for
 * the last.
 */
export class SequenceBatch {
  private rows: KvRows;
  private members: SequenceState[] = [];

  constructor(private readonly config: CacheConfig) {
    this.rows = new KvRows(config);
  }

  /** @param sequences all different; one at least. */
  layout(sequences: readonly SequenceState[]): Arrangement {
    const [only] = sequences;
    if (sequences.length === 1 && only) {
      if (only.cache === this.rows) this.makeRoom(this.members);
      else only.cache.resize(1, only.ownLength + 1);
      return { cache: only.cache, firstSlot: only.slot, sequences: [only], prefix: only.prefix };
    }
    const prefix = mostShared(sequences);
    const wanted = new Set(sequences);
    for (const member of [...this.members]) if (!wanted.has(member)) this.moveOut(member);
    for (const sequence of sequences) {
      if (sequence.prefix !== null && sequence.prefix !== prefix) this.absorbPrefix(sequence);
    }
    this.makeRoom(sequences);
    for (const sequence of sequences) if (sequence.cache !== this.rows) this.moveIn(sequence);
    return { cache: this.rows, firstSlot: 0, sequences: this.members, prefix };
  }

  /** Gives back the memory of a sequence. */
  remove(sequence: SequenceState): void {
    if (sequence.cache === this.rows) this.leave(sequence);
    sequence.cache = new KvRows(this.config);
    sequence.ownLength = 0;
    sequence.prefix = null;
  }

  /**
   * For one position more of each. Room of those who have left serves those who join, but growing rows leave it behind, and
   * so do rows that would be more than half empty: else they had, for good, the slots of the most and the length of the longest.
   */
  private makeRoom(sequences: readonly SequenceState[]): void {
    const { rows } = this;
    const slots = sequences.length;
    rows.reserve(Math.max(...sequences.map(({ reservedLength: expected }) => expected)));
    const positions = Math.max(...sequences.map(({ ownLength: own }) => own)) + 1;
    const isEnough = slots <= rows.slots && positions <= rows.capacity;
    const isTooMuch = rows.slots * rows.capacity > 2 * slots * roundUpToGrowth(positions);
    if (!isEnough || isTooMuch) rows.fit(slots, positions);
  }

  private moveIn(sequence: SequenceState): void {
    const slot = this.members.length;
    const { cache: rows, slot: from, ownLength: length } = sequence;
    this.rows.copyFrom({ rows, slot: from, length }, slot, 0);
    sequence.cache = this.rows;
    sequence.slot = slot;
    this.members.push(sequence);
  }

  private moveOut(sequence: SequenceState): void {
    const rows = new KvRows(this.config);
    rows.reserve(sequence.reservedLength);
    rows.resize(1, sequence.ownLength + 1);
    rows.copyFrom({ rows: this.rows, slot: sequence.slot, length: sequence.ownLength }, 0, 0);
    this.leave(sequence);
    sequence.cache = rows;
    sequence.slot = 0;
  }

  private leave({ slot }: SequenceState): void {
    const last = this.members.pop();
    this.rows.clear(slot);
    if (last && last.slot !== slot) {
      this.rows.copyFrom({ rows: this.rows, slot: last.slot, length: last.ownLength }, slot, 0);
      this.rows.clear(last.slot);
      last.slot = slot;
      this.members[slot] = last;
    }
    if (this.members.length === 0) this.rows = new KvRows(this.config);
  }

  /** The rows of its prefix become its own. */
  private absorbPrefix(sequence: SequenceState): void {
    const { prefix, ownLength: length, slot, cache: rows } = sequence;
    if (!prefix) return;
    const whole = new KvRows(this.config);
    sequence.reservedLength += prefix.length;
    whole.reserve(sequence.reservedLength);
    whole.resize(1, prefix.length + length + 1);
    whole.copyPrefix(prefix, prefix.length, 0);
    whole.copyFrom({ rows, slot, length }, 0, prefix.length);
    if (rows === this.rows) this.leave(sequence);
    sequence.cache = whole;
    sequence.slot = 0;
    sequence.ownLength = prefix.length + length;
    sequence.prefix = null;
  }
}

/** The prefix that most of the sequences continue behind; the first of them where several have as many. */
function mostShared(sequences: readonly SequenceState[]): KvPrefix | null {
  const counts = new Map<KvPrefix, number>();
  for (const { prefix } of sequences) if (prefix) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  let best: KvPrefix | null = null;
  for (const [prefix, count] of counts) {
    if (best === null || count > (counts.get(best) ?? 0)) best = prefix;
  }
  return best;
}
