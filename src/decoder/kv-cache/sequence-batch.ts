import type { CacheConfig } from './cache-planes.js';
import type { KvPrefix } from './kv-prefix.js';
import { KvCache, roundUpToGrowth } from './kv-cache.js';

/** Location and length of a sequence's keys and values. */
export interface SequenceState {
  prefix: KvPrefix | null;
  cache: KvCache;
  slot: number;
  /** Positions after the prefix. */
  ownLength: number;
  /** Expected final value of `ownLength`; 0 if unknown. */
  reservedLength: number;
}

/** Sequences in adjacent slots of one cache, ready for a decode step. */
export interface BatchLayout {
  readonly cache: KvCache;
  readonly firstSlot: number;
  /** In slot order. */
  readonly sequences: readonly SequenceState[];
  /** Shared by the sequences that have it. The others have their own copy, or no prefix. */
  readonly prefix: KvPrefix | null;
}

/**
 * Maintains the decode batch. A sequence that joins is copied once, into the slot after the others. The last slot moves
 * into the place of a sequence that leaves.
 */
export class SequenceBatch {
  private cache: KvCache;
  private members: SequenceState[] = [];

  constructor(private readonly config: CacheConfig) {
    this.cache = new KvCache(config);
  }

  /** Brings the sequences into one cache. @param sequences distinct, at least one. */
  layout(sequences: readonly SequenceState[]): BatchLayout {
    const [only] = sequences;
    if (sequences.length === 1 && only) {
      if (only.cache === this.cache) this.makeRoom(this.members);
      else only.cache.resize(1, only.ownLength + 1);
      return { cache: only.cache, firstSlot: only.slot, sequences: [only], prefix: only.prefix };
    }
    const prefix = mostShared(sequences);
    const wanted = new Set(sequences);
    for (const member of [...this.members]) if (!wanted.has(member)) this.moveToOwnCache(member);
    for (const sequence of sequences) {
      if (sequence.prefix !== null && sequence.prefix !== prefix) this.absorbPrefix(sequence);
    }
    this.makeRoom(sequences);
    for (const sequence of sequences)
      if (sequence.cache !== this.cache) this.moveIntoBatch(sequence);
    return { cache: this.cache, firstSlot: 0, sequences: this.members, prefix };
  }

  /** Frees the memory of a sequence. */
  remove(sequence: SequenceState): void {
    if (sequence.cache === this.cache) this.leave(sequence);
    sequence.cache = new KvCache(this.config);
    sequence.ownLength = 0;
    sequence.prefix = null;
  }

  /**
   * Makes room for one more position per sequence. Slots of sequences that left are reused. The cache shrinks when it
   * grows or would be more than half empty; otherwise it would keep the largest batch size and the greatest length
   * forever.
   */
  private makeRoom(sequences: readonly SequenceState[]): void {
    const { cache } = this;
    const slots = sequences.length;
    cache.reserve(Math.max(...sequences.map(({ reservedLength }) => reservedLength)));
    const positions = Math.max(...sequences.map(({ ownLength }) => ownLength)) + 1;
    const fits = slots <= cache.slots && positions <= cache.capacity;
    const isOversized = cache.slots * cache.capacity > 2 * slots * roundUpToGrowth(positions);
    if (!fits || isOversized) cache.fit(slots, positions);
  }

  private moveIntoBatch(sequence: SequenceState): void {
    const slot = this.members.length;
    const { cache, slot: from, ownLength: length } = sequence;
    this.cache.copyFrom({ cache, slot: from, length }, slot, 0);
    sequence.cache = this.cache;
    sequence.slot = slot;
    this.members.push(sequence);
  }

  private moveToOwnCache(sequence: SequenceState): void {
    const cache = new KvCache(this.config);
    cache.reserve(sequence.reservedLength);
    cache.resize(1, sequence.ownLength + 1);
    cache.copyFrom({ cache: this.cache, slot: sequence.slot, length: sequence.ownLength }, 0, 0);
    this.leave(sequence);
    sequence.cache = cache;
    sequence.slot = 0;
  }

  private leave({ slot }: SequenceState): void {
    const last = this.members.pop();
    this.cache.clear(slot);
    if (last && last.slot !== slot) {
      this.cache.copyFrom({ cache: this.cache, slot: last.slot, length: last.ownLength }, slot, 0);
      this.cache.clear(last.slot);
      last.slot = slot;
      this.members[slot] = last;
    }
    if (this.members.length === 0) this.cache = new KvCache(this.config);
  }

  /** Copies the prefix into the sequence's own positions. */
  private absorbPrefix(sequence: SequenceState): void {
    const { prefix, ownLength: length, slot, cache } = sequence;
    if (!prefix) return;
    const whole = new KvCache(this.config);
    sequence.reservedLength += prefix.length;
    whole.reserve(sequence.reservedLength);
    whole.resize(1, prefix.length + length + 1);
    whole.copyPrefix(prefix, prefix.length, 0);
    whole.copyFrom({ cache, slot, length }, 0, prefix.length);
    if (cache === this.cache) this.leave(sequence);
    sequence.cache = whole;
    sequence.slot = 0;
    sequence.ownLength = prefix.length + length;
    sequence.prefix = null;
  }
}

/** The prefix that most sequences continue from; the first one on ties. */
function mostShared(sequences: readonly SequenceState[]): KvPrefix | null {
  const counts = new Map<KvPrefix, number>();
  for (const { prefix } of sequences) if (prefix) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  let best: KvPrefix | null = null;
  for (const [prefix, count] of counts) {
    if (best === null || count > (counts.get(best) ?? 0)) best = prefix;
  }
  return best;
}
