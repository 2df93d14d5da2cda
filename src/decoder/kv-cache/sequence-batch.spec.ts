import { jest } from '@jest/globals';

import { containsTokens, FAKE_CACHE, decoderOutputs } from '../../../test/fakes/fake-kv-cache.js';
import { cachePlanes } from './cache-planes.js';
import { createPrefixInputs, type KvPrefix } from './kv-prefix.js';
import { KvCache } from './kv-cache.js';
import { createRandom } from '../sampling/random.js';
import { type BatchLayout, SequenceBatch, type SequenceState } from './sequence-batch.js';

/** A sequence and all of its tokens, those of its prefix first. */
interface TrackedSequence {
  readonly state: SequenceState;
  readonly tokens: number[];
}

interface TrackedPrefix {
  readonly prefix: KvPrefix;
  readonly tokens: readonly number[];
}

let nextToken = 0;
const newTokens = (count: number) => Array.from({ length: count }, () => nextToken++);

/** Creates a sequence of `ownLength` positions after a prefix. */
function open(prefix: TrackedPrefix | null, ownLength: number): TrackedSequence {
  const cache = new KvCache(FAKE_CACHE);
  // Sequences of even length have no reserved length.
  const reservedLength = ownLength % 2 === 0 ? 0 : ownLength + 90;
  cache.reserve(reservedLength);
  cache.resize(1, 0);
  const tokens = newTokens(ownLength);
  if (ownLength > 0) cache.append(decoderOutputs([tokens]), 0, ownLength, 0, 0);
  const state = { prefix: prefix?.prefix ?? null, cache, slot: 0, ownLength, reservedLength };
  return { state, tokens: [...(prefix?.tokens ?? []), ...tokens] };
}

function createPrefix(length: number): TrackedPrefix {
  const tokens = newTokens(length);
  const cache = KvCache.withLength(FAKE_CACHE, length);
  cache.append(decoderOutputs([tokens]), 0, length, 0, 0);
  return { prefix: cache.asPrefix(), tokens };
}

/** Appends one position to each sequence, like a decode step. */
function step(
  { cache, sequences }: BatchLayout,
  tracked: ReadonlyMap<SequenceState, TrackedSequence>,
): void {
  const stepTokens = newTokens(sequences.length);
  const outputs = decoderOutputs(stepTokens.map((token) => [token]));
  sequences.forEach((sequence, index) => {
    cache.append(outputs, index, 1, sequence.slot, sequence.ownLength);
    sequence.ownLength += 1;
    tracked.get(sequence)!.tokens.push(stepTokens[index]!);
  });
}

/** Checks the graph inputs of a layout against the tokens of each sequence. */
function expectTokens(
  layout: BatchLayout,
  tracked: ReadonlyMap<SequenceState, TrackedSequence>,
): void {
  const { cache, firstSlot, sequences, prefix } = layout;
  const inputs = {
    ...cache.inputs(firstSlot, sequences.length),
    ...createPrefixInputs(cachePlanes(FAKE_CACHE))(prefix),
  };
  const checks = sequences.map((sequence, index) => {
    const { tokens } = tracked.get(sequence)!;
    const shared = sequence.prefix?.length ?? 0;
    return {
      slot: sequence.slot - firstSlot === index && sequence.cache === cache,
      prefix: sequence.prefix === null || sequence.prefix === prefix,
      length: shared + sequence.ownLength === tokens.length,
      hasRoom: sequence.ownLength <= cache.capacity,
      shared: shared === 0 || containsTokens(inputs, 'prefix', 0, tokens.slice(0, shared)),
      own: containsTokens(inputs, 'past', index, tokens.slice(shared)),
    };
  });
  const passed = { slot: true, prefix: true, length: true, hasRoom: true, shared: true, own: true };
  expect(checks).toEqual(sequences.map(() => passed));
}

function track(...sequences: TrackedSequence[]): Map<SequenceState, TrackedSequence> {
  return new Map(sequences.map((sequence) => [sequence.state, sequence]));
}

describe('SequenceBatch', () => {
  it('does not move a sequence that decodes alone', () => {
    const [first, second] = [open(null, 5), open(null, 9)];
    const batch = new SequenceBatch(FAKE_CACHE);
    const { cache } = first.state;

    expect(batch.layout([first.state])).toMatchObject({ cache, firstSlot: 0 });
    batch.layout([second.state, first.state]);
    const alone = batch.layout([first.state]);

    expect(alone.firstSlot).toBe(1);
    expectTokens(alone, track(first));
  });

  it('does not copy the sequences that remain in the batch', () => {
    const sequences = [open(null, 5), open(null, 9), open(null, 2)];
    const tracked = track(...sequences);
    const batch = new SequenceBatch(FAKE_CACHE);
    const states = sequences.map(({ state }) => state);
    const { cache } = batch.layout(states);
    const copy = jest.spyOn(KvCache.prototype, 'copyFrom');
    for (let i = 0; i < 5; i++) step(batch.layout(states), tracked);
    expect(copy).not.toHaveBeenCalled();

    // The last sequence moves into the slot of the first.
    const layout = batch.layout(states.slice(1));

    expect(copy).toHaveBeenCalledTimes(2);
    copy.mockRestore();
    expect(layout.cache).toBe(cache);
    expectTokens(layout, tracked);
  });

  it('shares the most frequent prefix and copies the others into their sequences', () => {
    const [frequent, rare] = [createPrefix(40), createPrefix(70)];
    const sequences = [open(rare, 3), open(frequent, 1), open(null, 8), open(frequent, 0)];
    const tracked = track(...sequences);
    const batch = new SequenceBatch(FAKE_CACHE);

    const layout = batch.layout(sequences.map(({ state }) => state));

    expect(layout.prefix).toBe(frequent.prefix);
    expect(sequences.map(({ state }) => state.ownLength)).toEqual([73, 1, 8, 0]);
    expectTokens(layout, tracked);
  });

  it('preserves the tokens of every sequence while sequences join, fork and leave at random', () => {
    const random = createRandom(11);
    const pick = (count: number) => Math.floor(random() * count);
    const batch = new SequenceBatch(FAKE_CACHE);
    const tracked = new Map<SequenceState, TrackedSequence>();
    const prefixes: TrackedPrefix[] = [];
    const batchSizes = new Set<number>();
    for (let round = 0; round < 500; round++) {
      const action = random();
      if (prefixes.length === 0 || action < 0.03) prefixes.push(createPrefix(1 + pick(90)));
      if (tracked.size === 0 || (action < 0.25 && tracked.size < 9)) {
        const prefix = random() < 0.7 ? prefixes[pick(prefixes.length)]! : null;
        const sequence = open(prefix, pick(70));
        tracked.set(sequence.state, sequence);
      } else if (action < 0.35) {
        const state = [...tracked.keys()][pick(tracked.size)]!;
        batch.remove(state);
        tracked.delete(state);
        expect(state).toMatchObject({ ownLength: 0, prefix: null });
      } else {
        const chosen = [...tracked.keys()].filter(() => random() < 0.7);
        if (chosen.length === 0) continue;
        const layout = batch.layout(random() < 0.5 ? chosen : chosen.reverse());
        expect(new Set(layout.sequences)).toEqual(new Set(chosen));
        expectTokens(layout, tracked);
        step(layout, tracked);
        expectTokens({ ...layout }, tracked);
        batchSizes.add(chosen.length);
      }
    }
    expect(batchSizes.size).toBeGreaterThan(5);
  });

  it('shrinks after long or many sequences have left', () => {
    const batch = new SequenceBatch(FAKE_CACHE);
    const remaining = open(null, 5);
    const eight = Array.from({ length: 8 }, () => open(null, 3));
    const tracked = track(remaining, ...eight);
    const sizeWith = (others: readonly TrackedSequence[]) => {
      const layout = batch.layout([remaining, ...others].map(({ state }) => state));
      expectTokens(layout, new Map([...tracked, ...track(...others)]));
      return [layout.cache.slots, layout.cache.capacity];
    };
    const remove = (others: readonly TrackedSequence[]) => {
      for (const { state } of others) batch.remove(state);
    };

    expect(sizeWith(eight)).toEqual([9, 64]);
    remove(eight);
    // Unused slots are dropped before the capacity grows to 1024.
    const long = open(null, 1000);
    expect(sizeWith([long])).toEqual([2, 1024]);
    remove([long]);
    // The capacity shrinks before slots are added.
    const next = Array.from({ length: 8 }, () => open(null, 3));
    expect(sizeWith(next)).toEqual([9, 64]);
    remove(next.slice(1));
    expect(sizeWith(next.slice(0, 1))).toEqual([2, 64]);
    remove(next.slice(0, 1));
    for (let i = 0; i < 60; i++) step(batch.layout([remaining.state]), tracked);
    expect(sizeWith([])).toEqual([1, 128]);
  });

  it('leaves no NaNs of a removed sequence to later ones', () => {
    const batch = new SequenceBatch(FAKE_CACHE);
    const broken = open(null, 40);
    for (const { type, data } of Object.values(broken.state.cache.inputs(0, 1))) {
      if (type === 'float32') data.fill(NaN);
    }
    const [first, second] = [open(null, 3), open(null, 3)];
    batch.layout([broken.state, first.state, second.state]);
    batch.remove(broken.state);
    const { cache } = batch.layout([first.state, second.state, open(null, 2).state]);

    for (const { type, data } of Object.values(cache.inputs(0, 3))) {
      if (type === 'float32') expect(data.some(Number.isNaN)).toBe(false);
    }
  });

  it('frees its memory when the last sequence is removed', () => {
    const sequences = [open(null, 500), open(null, 3)];
    const batch = new SequenceBatch(FAKE_CACHE);
    batch.layout(sequences.map(({ state }) => state));
    for (const { state } of sequences) batch.remove(state);

    const [a, b] = [open(null, 1), open(null, 1)];
    const { cache } = batch.layout([a.state, b.state]);

    expect([cache.slots, cache.capacity]).toEqual([2, 64]);
    expect(sequences.map(({ state }) => state.cache.slots)).toEqual([0, 0]);
  });
});
