import { jest } from '@jest/globals';

import { holdsMarks, MARKED_CACHE, markedOutputs } from '../../../test/fakes/marked-kv-cache.js';
import { cachePlanes } from './cache-planes.js';
import { createPrefixInputs, type KvPrefix } from './kv-prefix.js';
import { KvCache } from './kv-cache.js';
import { createRandom } from '../sampling/random.js';
import { type BatchLayout, SequenceBatch, type SequenceState } from './sequence-batch.js';

/** A sequence and the marks of all its positions, those of its prefix first. */
interface Told {
  readonly state: SequenceState;
  readonly marks: number[];
}

interface ToldPrefix {
  readonly prefix: KvPrefix;
  readonly marks: readonly number[];
}

let nextMark = 0;
const newMarks = (count: number) => Array.from({ length: count }, () => nextMark++);

function open(behind: ToldPrefix | null, own: number): Told {
  const rows = new KvCache(MARKED_CACHE);
  // Of some nobody knows how long they get.
  const expected = own % 2 === 0 ? 0 : own + 90;
  rows.reserve(expected);
  rows.resize(1, 0);
  const marks = newMarks(own);
  if (own > 0) rows.append(markedOutputs([marks]), 0, own, 0, 0);
  const state = {
    prefix: behind?.prefix ?? null,
    cache: rows,
    slot: 0,
    ownLength: own,
    reservedLength: expected,
  };
  return { state, marks: [...(behind?.marks ?? []), ...marks] };
}

function createPrefix(length: number): ToldPrefix {
  const marks = newMarks(length);
  const rows = KvCache.withLength(MARKED_CACHE, length);
  rows.append(markedOutputs([marks]), 0, length, 0, 0);
  return { prefix: rows.asPrefix(), marks };
}

/** Gives each member of an arrangement one position more, as a step does. */
function step(
  { cache: rows, sequences: members }: BatchLayout,
  told: ReadonlyMap<SequenceState, Told>,
): void {
  const fresh = newMarks(members.length);
  const outputs = markedOutputs(fresh.map((mark) => [mark]));
  members.forEach((member, index) => {
    rows.append(outputs, index, 1, member.slot, member.ownLength);
    member.ownLength += 1;
    told.get(member)!.marks.push(fresh[index]!);
  });
}

/** What the graph would be fed, against what each sequence has been told. */
function expectTold(arrangement: BatchLayout, told: ReadonlyMap<SequenceState, Told>): void {
  const { cache: rows, firstSlot: first, sequences: members, prefix } = arrangement;
  const inputs = {
    ...rows.inputs(first, members.length),
    ...createPrefixInputs(cachePlanes(MARKED_CACHE))(prefix),
  };
  const sound = members.map((member, index) => {
    const { marks } = told.get(member)!;
    const shared = member.prefix?.length ?? 0;
    return {
      slot: member.slot - first === index && member.cache === rows,
      prefix: member.prefix === null || member.prefix === prefix,
      length: shared + member.ownLength === marks.length,
      hasRoom: member.ownLength <= rows.capacity,
      shared: shared === 0 || holdsMarks(inputs, 'prefix', 0, marks.slice(0, shared)),
      own: holdsMarks(inputs, 'past', index, marks.slice(shared)),
    };
  });
  const all = { slot: true, prefix: true, length: true, hasRoom: true, shared: true, own: true };
  expect(sound).toEqual(members.map(() => all));
}

function toldOf(...sequences: Told[]): Map<SequenceState, Told> {
  return new Map(sequences.map((one) => [one.state, one]));
}

describe('SequenceBatch', () => {
  it('leaves a sequence that steps alone where it is', () => {
    const [one, two] = [open(null, 5), open(null, 9)];
    const batch = new SequenceBatch(MARKED_CACHE);
    const { cache: rows } = one.state;

    expect(batch.layout([one.state])).toMatchObject({ cache: rows, firstSlot: 0 });
    batch.layout([two.state, one.state]);
    const alone = batch.layout([one.state]);

    expect(alone.firstSlot).toBe(1);
    expectTold(alone, toldOf(one));
  });

  it('copies nobody who stays', () => {
    const sequences = [open(null, 5), open(null, 9), open(null, 2)];
    const told = toldOf(...sequences);
    const batch = new SequenceBatch(MARKED_CACHE);
    const states = sequences.map(({ state }) => state);
    const { cache: rows } = batch.layout(states);
    const copy = jest.spyOn(KvCache.prototype, 'copyFrom');
    for (let i = 0; i < 5; i++) step(batch.layout(states), told);
    expect(copy).not.toHaveBeenCalled();

    // The last fills the place of the first.
    const arrangement = batch.layout(states.slice(1));

    expect(copy).toHaveBeenCalledTimes(2);
    copy.mockRestore();
    expect(arrangement.cache).toBe(rows);
    expectTold(arrangement, told);
  });

  it('shares the prefix that most have, and gives the others theirs as rows of their own', () => {
    const [often, rare] = [createPrefix(40), createPrefix(70)];
    const sequences = [open(rare, 3), open(often, 1), open(null, 8), open(often, 0)];
    const told = toldOf(...sequences);
    const batch = new SequenceBatch(MARKED_CACHE);

    const arrangement = batch.layout(sequences.map(({ state }) => state));

    expect(arrangement.prefix).toBe(often.prefix);
    expect(sequences.map(({ state }) => state.ownLength)).toEqual([73, 1, 8, 0]);
    expectTold(arrangement, told);
  });

  it('keeps what every sequence has read, whoever joins, forks and leaves', () => {
    const random = createRandom(11);
    const pick = (count: number) => Math.floor(random() * count);
    const batch = new SequenceBatch(MARKED_CACHE);
    const told = new Map<SequenceState, Told>();
    const prefixes: ToldPrefix[] = [];
    const sizes = new Set<number>();
    for (let round = 0; round < 500; round++) {
      const action = random();
      if (prefixes.length === 0 || action < 0.03) prefixes.push(createPrefix(1 + pick(90)));
      if (told.size === 0 || (action < 0.25 && told.size < 9)) {
        const behind = random() < 0.7 ? prefixes[pick(prefixes.length)]! : null;
        const one = open(behind, pick(70));
        told.set(one.state, one);
      } else if (action < 0.35) {
        const state = [...told.keys()][pick(told.size)]!;
        batch.remove(state);
        told.delete(state);
        expect(state).toMatchObject({ ownLength: 0, prefix: null });
      } else {
        const chosen = [...told.keys()].filter(() => random() < 0.7);
        if (chosen.length === 0) continue;
        const arrangement = batch.layout(random() < 0.5 ? chosen : chosen.reverse());
        expect(new Set(arrangement.sequences)).toEqual(new Set(chosen));
        expectTold(arrangement, told);
        step(arrangement, told);
        expectTold({ ...arrangement }, told);
        sizes.add(chosen.length);
      }
    }
    expect(sizes.size).toBeGreaterThan(5);
  });

  it('has no room for long of those who left, while others stay', () => {
    const batch = new SequenceBatch(MARKED_CACHE);
    const stays = open(null, 5);
    const many = Array.from({ length: 8 }, () => open(null, 3));
    const told = toldOf(stays, ...many);
    const roomWith = (others: readonly Told[]) => {
      const arrangement = batch.layout([stays, ...others].map(({ state }) => state));
      expectTold(arrangement, new Map([...told, ...toldOf(...others)]));
      return [arrangement.cache.slots, arrangement.cache.capacity];
    };
    const leave = (others: readonly Told[]) => {
      for (const { state } of others) batch.remove(state);
    };

    expect(roomWith(many)).toEqual([9, 64]);
    leave(many);
    // One long sequence does not make the places of many long.
    const long = open(null, 1000);
    expect(roomWith([long])).toEqual([2, 1024]);
    leave([long]);
    // Nor are the places of many long after it.
    const next = Array.from({ length: 8 }, () => open(null, 3));
    expect(roomWith(next)).toEqual([9, 64]);
    leave(next.slice(1));
    expect(roomWith(next.slice(0, 1))).toEqual([2, 64]);
    leave(next.slice(0, 1));
    for (let i = 0; i < 60; i++) step(batch.layout([stays.state]), told);
    expect(roomWith([])).toEqual([1, 128]);
  });

  it('leaves nothing that is not a number to whoever comes after', () => {
    const batch = new SequenceBatch(MARKED_CACHE);
    const broken = open(null, 40);
    for (const { type, data } of Object.values(broken.state.cache.inputs(0, 1))) {
      if (type === 'float32') data.fill(NaN);
    }
    const [stays, also] = [open(null, 3), open(null, 3)];
    batch.layout([broken.state, stays.state, also.state]);
    batch.remove(broken.state);
    const { cache: rows } = batch.layout([stays.state, also.state, open(null, 2).state]);

    for (const { type, data } of Object.values(rows.inputs(0, 3))) {
      if (type === 'float32') expect(data.some(Number.isNaN)).toBe(false);
    }
  });

  it('gives its memory back with the last sequence', () => {
    const sequences = [open(null, 500), open(null, 3)];
    const batch = new SequenceBatch(MARKED_CACHE);
    batch.layout(sequences.map(({ state }) => state));
    for (const { state } of sequences) batch.remove(state);

    const [a, b] = [open(null, 1), open(null, 1)];
    const { cache: rows } = batch.layout([a.state, b.state]);

    expect([rows.slots, rows.capacity]).toEqual([2, 64]);
    expect(sequences.map(({ state }) => state.cache.slots)).toEqual([0, 0]);
  });
});
