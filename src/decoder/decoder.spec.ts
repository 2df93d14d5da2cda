import {
  createAttentionDecoder,
  expectedScores,
  idsOf,
  openWith,
  readIds,
  tokenEmbeddings,
} from '../../test/fakes/attention-decoder.js';
import {
  createAttentionSession,
  createHeadSession,
  FAKE_DECODER,
} from '../../test/fakes/attention-session.js';
import { createDecoder, type Sequence } from './decoder.js';
import { createOutputHead } from './output-head.js';
import { createRandom } from './sampling/random.js';

function expectClose(actual: Float32Array | undefined, expected: Float32Array) {
  expect(actual).toHaveLength(FAKE_DECODER.vocabularySize);
  expected.forEach((value, i) => expect(actual![i]).toBeCloseTo(value, 4));
}

describe('createDecoder', () => {
  it('scores the same in steps as at once, while the rows grow', async () => {
    const { decoder, session } = createAttentionDecoder();
    const ids = idsOf(70);
    const sequence = await openWith(decoder, ids.slice(0, 60));
    for (let length = 61; length <= ids.length; length++) {
      const [scores] = await decoder.step([{ sequence, id: ids[length - 1]! }]);
      expectClose(scores, expectedScores(ids.slice(0, length)));
    }

    expect(sequence.length).toBe(70);
    expect(session.runs.map(({ pastCapacity }) => pastCapacity)).toEqual([
      0,
      ...new Array<number>(4).fill(64),
      ...new Array<number>(6).fill(128),
    ]);
  });

  it('scores a prompt the same in chunks of any size', async () => {
    const ids = idsOf(700);
    const expected = expectedScores(ids);
    for (const size of [1, 63, 64, 65, 512]) {
      const { decoder } = createAttentionDecoder();
      const sequence = decoder.createSequence();
      let scores = new Float32Array();
      for (let start = 0; start < ids.length; start += size) {
        scores = new Float32Array(await readIds(decoder, sequence, ids.slice(start, start + size)));
      }
      expectClose(scores, expected);
    }
  });

  it('steps sequences of different lengths in one run, each as if it were alone', async () => {
    const { decoder, session } = createAttentionDecoder();
    const texts = [idsOf(3), idsOf(90).slice(20), [7]];
    const sequences = await Promise.all(texts.map((ids) => openWith(decoder, ids)));
    session.runs.length = 0;

    const scores = await decoder.step(sequences.map((sequence, id) => ({ sequence, id })));

    scores.forEach((row, id) => {
      expectClose(row, expectedScores([...texts[id]!, id]));
    });
    expect(session.runs).toEqual([
      { batch: 3, prefix: 0, pastCapacity: 128, positions: [3, 70, 1] },
    ]);
  });

  it('reads what sequences share once', async () => {
    const { decoder, session } = createAttentionDecoder();
    const shared = await openWith(decoder, idsOf(40));
    const prefix = decoder.snapshotPrefix(shared, 33);
    const [a, b, alone] = [
      decoder.createSequence(prefix),
      decoder.createSequence(prefix),
      decoder.createSequence(),
    ];
    expect([a.length, b.length, alone.length]).toEqual([33, 33, 0]);
    const begin = idsOf(33);
    await readIds(decoder, alone, [4, 4]);
    expectClose(await readIds(decoder, b, [2, 3, 4]), expectedScores([...begin, 2, 3, 4]));
    session.runs.length = 0;

    const scores = await decoder.step([b, alone, a].map((sequence, id) => ({ sequence, id })));

    expectClose(scores[0], expectedScores([...begin, 2, 3, 4, 0]));
    expectClose(scores[1], expectedScores([4, 4, 1]));
    expectClose(scores[2], expectedScores([...begin, 2]));
    expect(session.runs).toMatchObject([{ batch: 3, prefix: 33, pastCapacity: 64 }]);
  });

  it('freezes behind a prefix, within one and at its end', async () => {
    const { decoder } = createAttentionDecoder();
    const ids = idsOf(20);
    const first = await openWith(decoder, ids.slice(0, 12));
    const second = await openWith(decoder, ids.slice(12), first);
    decoder.close(first);

    const frozen = [0, 5, 12, 16, 20].map((length) => decoder.snapshotPrefix(second, length));
    decoder.close(second);

    expect(frozen.map(({ length }) => length)).toEqual([0, 5, 12, 16, 20]);
    expect(frozen.map(({ bytes }) => bytes)).toEqual([0, 5, 12, 16, 20].map((n) => n * 64));
    for (const prefix of frozen) {
      const scores = await readIds(decoder, decoder.createSequence(prefix), [9, 8]);
      expectClose(scores, expectedScores([...ids.slice(0, prefix.length), 9, 8]));
    }
  });

  it('scores every sequence as if it were alone, whoever joins, forks and leaves', async () => {
    const random = createRandom(3);
    const pick = (count: number) => Math.floor(random() * count);
    const { decoder, session } = createAttentionDecoder();
    const open = new Map<Sequence, number[]>();
    const anyOf = () => [...open.keys()][pick(open.size)]!;
    for (let round = 0; round < 250; round++) {
      const action = random();
      if (open.size < 2 || (action < 0.12 && open.size < 7)) {
        const from = open.size > 0 && random() < 0.7 ? anyOf() : null;
        if (!from) open.set(decoder.createSequence(), []);
        else {
          const length = pick(from.length + 1);
          // Siblings share a prefix object, as the answers to one prompt do.
          const prefix = decoder.snapshotPrefix(from, length);
          for (let i = 0; i < 2; i++) {
            open.set(decoder.createSequence(prefix), open.get(from)!.slice(0, length));
          }
        }
      } else if (action < 0.2) {
        const sequence = anyOf();
        decoder.close(sequence);
        open.delete(sequence);
      } else if (action < 0.35) {
        const sequence = anyOf();
        const ids = idsOf(1 + pick(70));
        if (sequence.length + ids.length > 400) continue;
        open.get(sequence)!.push(...ids);
        expectClose(await readIds(decoder, sequence, ids), expectedScores(open.get(sequence)!));
      } else {
        const chosen = [...open.keys()].filter(() => random() < 0.7);
        if (random() < 0.5) chosen.reverse();
        if (chosen.length === 0) continue;
        const tokens = chosen.map((sequence) => ({ sequence, id: pick(11) }));
        const scores = await decoder.step(tokens);
        tokens.forEach(({ sequence, id }, index) => {
          open.get(sequence)!.push(id);
          expectClose(scores[index], expectedScores(open.get(sequence)!));
          expect(sequence.length).toBe(open.get(sequence)!.length);
        });
      }
    }

    const batches = session.runs.map(({ batch }) => batch);
    expect(Math.max(...batches)).toBeGreaterThanOrEqual(4);
    expect(session.runs.some(({ batch, prefix }) => batch > 1 && prefix > 0)).toBe(true);
  });

  it('reads with the graph for prompts where there is one, and steps with the other', async () => {
    const [prefill, decode] = [createAttentionSession(), createAttentionSession()];
    const graphs = { decode, prefill, head: createOutputHead(createHeadSession(), null) };
    const decoder = createDecoder(graphs, FAKE_DECODER, tokenEmbeddings);
    const sequence = decoder.createSequence();
    const ids = idsOf(50);

    expectClose(await readIds(decoder, sequence, ids), expectedScores(ids));
    const [scores] = await decoder.step([{ sequence, id: 3 }]);

    expectClose(scores, expectedScores([...ids, 3]));
    expect([prefill.runs.length, decode.runs.length]).toEqual([1, 1]);
  });

  it('says what a position takes', () => {
    const { decoder } = createAttentionDecoder();

    // Keys and values of two heads of four floats.
    expect(decoder.cacheBytesPerToken).toBe(64);
  });
});
