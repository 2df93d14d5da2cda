import type { CacheConfig } from './cache-planes.js';
import type { KvPrefix } from './kv-prefix.js';
import { KvRows } from './kv-rows.js';

/** A sequence as the decoder knows it: where its rows are and how many it has behind its prefix. */
export interface SequenceState {
  prefix: KvPrefix | null;
  rows: KvRows;
  slot: number;
  /** Filled positions of its own. */
  own: number;
}

/** Sequences in slots beside each other, ready to take a step together. */
export interface Arrangement {
  readonly rows: KvRows;
  readonly first: number;
  /** In the order of their slots. */
  readonly members: readonly SequenceState[];
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
  arrange(sequences: readonly SequenceState[]): Arrangement {
    const [only] = sequences;
    if (sequences.length === 1 && only) {
      only.rows.resize(Math.max(only.rows.slots, 1), only.own + 1);
      return { rows: only.rows, first: only.slot, members: [only], prefix: only.prefix };
    }
    const prefix = mostShared(sequences);
    const wanted = new Set(sequences);
    for (const member of [...this.members]) if (!wanted.has(member)) this.moveOut(member);
    for (const sequence of sequences) {
      if (sequence.prefix !== null && sequence.prefix !== prefix) this.absorbPrefix(sequence);
    }
    for (const sequence of sequences) if (sequence.rows !== this.rows) this.moveIn(sequence);
    this.rows.resize(this.rows.slots, Math.max(...sequences.map(({ own }) => own)) + 1);
    return { rows: this.rows, first: 0, members: this.members, prefix };
  }

  /** Gives back the memory of a sequence. */
  remove(sequence: SequenceState): void {
    if (sequence.rows === this.rows) this.leave(sequence);
    sequence.rows = new KvRows(this.config);
    sequence.own = 0;
    sequence.prefix = null;
  }

  private moveIn(sequence: SequenceState): void {
    const slot = this.members.length;
    const { rows, slot: from, own: length } = sequence;
    this.rows.resize(Math.max(this.rows.slots, slot + 1), length + 1);
    this.rows.copyFrom({ rows, slot: from, length }, slot, 0);
    sequence.rows = this.rows;
    sequence.slot = slot;
    this.members.push(sequence);
  }

  private moveOut(sequence: SequenceState): void {
    const rows = new KvRows(this.config);
    rows.resize(1, sequence.own + 1);
    rows.copyFrom({ rows: this.rows, slot: sequence.slot, length: sequence.own }, 0, 0);
    this.leave(sequence);
    sequence.rows = rows;
    sequence.slot = 0;
  }

  private leave({ slot }: SequenceState): void {
    const last = this.members.pop();
    if (last && last.slot !== slot) {
      this.rows.copyFrom({ rows: this.rows, slot: last.slot, length: last.own }, slot, 0);
      last.slot = slot;
      this.members[slot] = last;
    }
    // The room of one that left stays for the next to join, until all have left.
    if (this.members.length === 0) this.rows = new KvRows(this.config);
  }

  /** The rows of its prefix become its own. */
  private absorbPrefix(sequence: SequenceState): void {
    const { prefix, own: length, slot, rows } = sequence;
    if (!prefix) return;
    const whole = new KvRows(this.config);
    whole.resize(1, prefix.length + length + 1);
    whole.copyPrefix(prefix, prefix.length, 0);
    whole.copyFrom({ rows, slot, length }, 0, prefix.length);
    if (rows === this.rows) this.leave(sequence);
    sequence.rows = whole;
    sequence.slot = 0;
    sequence.own = prefix.length + length;
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
