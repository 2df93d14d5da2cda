import {
  createAttentionDecoder,
  expectedLogits,
  tokenIds,
  openSequence,
  prefillIds,
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
  it('computes the same logits in decode steps as in one pass, while the cache grows', async () => {
    const { decoder, session } = createAttentionDecoder();
    const ids = tokenIds(70);
    const sequence = await openSequence(decoder, ids.slice(0, 60));
    for (let length = 61; length <= ids.length; length++) {
      const [logits] = await decoder.step([{ sequence, id: ids[length - 1]! }]);
      expectClose(logits, expectedLogits(ids.slice(0, length)));
    }

    expect(sequence.length).toBe(70);
    expect(session.runs.map(({ pastCapacity }) => pastCapacity)).toEqual([
      0,
      ...new Array<number>(4).fill(64),
      ...new Array<number>(6).fill(128),
    ]);
  });

  it('computes the same logits for prefill chunks of any size', async () => {
    const ids = tokenIds(700);
    const expected = expectedLogits(ids);
    for (const size of [1, 63, 64, 65, 512]) {
      const { decoder } = createAttentionDecoder();
      const sequence = decoder.createSequence();
      let logits = new Float32Array();
      for (let start = 0; start < ids.length; start += size) {
        logits = new Float32Array(
          await prefillIds(decoder, sequence, ids.slice(start, start + size)),
        );
      }
      expectClose(logits, expected);
    }
  });

  it('decodes sequences of different lengths in one run, with the logits of separate runs', async () => {
    const { decoder, session } = createAttentionDecoder();
    const prompts = [tokenIds(3), tokenIds(90).slice(20), [7]];
    const sequences = await Promise.all(prompts.map((ids) => openSequence(decoder, ids)));
    session.runs.length = 0;

    const logits = await decoder.step(sequences.map((sequence, id) => ({ sequence, id })));

    logits.forEach((row, id) => {
      expectClose(row, expectedLogits([...prompts[id]!, id]));
    });
    expect(session.runs).toEqual([
      { batch: 3, prefix: 0, pastCapacity: 128, positions: [3, 70, 1] },
    ]);
  });

  it('shares a prefix snapshot between sequences', async () => {
    const { decoder, session } = createAttentionDecoder();
    const shared = await openSequence(decoder, tokenIds(40));
    const prefix = decoder.snapshotPrefix(shared, 33);
    const [a, b, alone] = [
      decoder.createSequence(prefix),
      decoder.createSequence(prefix),
      decoder.createSequence(),
    ];
    expect([a.length, b.length, alone.length]).toEqual([33, 33, 0]);
    const prefixIds = tokenIds(33);
    await prefillIds(decoder, alone, [4, 4]);
    expectClose(await prefillIds(decoder, b, [2, 3, 4]), expectedLogits([...prefixIds, 2, 3, 4]));
    session.runs.length = 0;

    const logits = await decoder.step([b, alone, a].map((sequence, id) => ({ sequence, id })));

    expectClose(logits[0], expectedLogits([...prefixIds, 2, 3, 4, 0]));
    expectClose(logits[1], expectedLogits([4, 4, 1]));
    expectClose(logits[2], expectedLogits([...prefixIds, 2]));
    expect(session.runs).toMatchObject([{ batch: 3, prefix: 33, pastCapacity: 64 }]);
  });

  it('snapshots a prefix of any length, within an inherited prefix and after it', async () => {
    const { decoder } = createAttentionDecoder();
    const ids = tokenIds(20);
    const first = await openSequence(decoder, ids.slice(0, 12));
    const second = await openSequence(decoder, ids.slice(12), first);
    decoder.close(first);

    const snapshots = [0, 5, 12, 16, 20].map((length) => decoder.snapshotPrefix(second, length));
    decoder.close(second);

    expect(snapshots.map(({ length }) => length)).toEqual([0, 5, 12, 16, 20]);
    expect(snapshots.map(({ bytes }) => bytes)).toEqual([0, 5, 12, 16, 20].map((n) => n * 64));
    for (const prefix of snapshots) {
      const logits = await prefillIds(decoder, decoder.createSequence(prefix), [9, 8]);
      expectClose(logits, expectedLogits([...ids.slice(0, prefix.length), 9, 8]));
    }
  });

  it('computes the logits of separate runs while sequences join, fork and leave at random', async () => {
    const random = createRandom(3);
    const pick = (count: number) => Math.floor(random() * count);
    const { decoder, session } = createAttentionDecoder();
    const open = new Map<Sequence, number[]>();
    const pickSequence = () => [...open.keys()][pick(open.size)]!;
    for (let round = 0; round < 250; round++) {
      const action = random();
      if (open.size < 2 || (action < 0.12 && open.size < 7)) {
        const from = open.size > 0 && random() < 0.7 ? pickSequence() : null;
        if (!from) open.set(decoder.createSequence(), []);
        else {
          const length = pick(from.length + 1);
          // Both share one prefix object, like the conversations of a request.
          const prefix = decoder.snapshotPrefix(from, length);
          for (let i = 0; i < 2; i++) {
            open.set(decoder.createSequence(prefix), open.get(from)!.slice(0, length));
          }
        }
      } else if (action < 0.2) {
        const sequence = pickSequence();
        decoder.close(sequence);
        open.delete(sequence);
      } else if (action < 0.35) {
        const sequence = pickSequence();
        const ids = tokenIds(1 + pick(70));
        if (sequence.length + ids.length > 400) continue;
        open.get(sequence)!.push(...ids);
        expectClose(await prefillIds(decoder, sequence, ids), expectedLogits(open.get(sequence)!));
      } else {
        const chosen = [...open.keys()].filter(() => random() < 0.7);
        if (random() < 0.5) chosen.reverse();
        if (chosen.length === 0) continue;
        const tokens = chosen.map((sequence) => ({ sequence, id: pick(11) }));
        const logits = await decoder.step(tokens);
        tokens.forEach(({ sequence, id }, index) => {
          open.get(sequence)!.push(id);
          expectClose(logits[index], expectedLogits(open.get(sequence)!));
          expect(sequence.length).toBe(open.get(sequence)!.length);
        });
      }
    }

    const batches = session.runs.map(({ batch }) => batch);
    expect(Math.max(...batches)).toBeGreaterThanOrEqual(4);
    expect(session.runs.some(({ batch, prefix }) => batch > 1 && prefix > 0)).toBe(true);
  });

  it('prefills with the prefill graph, if there is one, and decodes with the other', async () => {
    const [prefill, decode] = [createAttentionSession(), createAttentionSession()];
    const graphs = { decode, prefill, head: createOutputHead(createHeadSession(), null, null) };
    const decoder = createDecoder(graphs, FAKE_DECODER, tokenEmbeddings);
    const sequence = decoder.createSequence();
    const ids = tokenIds(50);

    expectClose(await prefillIds(decoder, sequence, ids), expectedLogits(ids));
    const [logits] = await decoder.step([{ sequence, id: 3 }]);

    expectClose(logits, expectedLogits([...ids, 3]));
    expect([prefill.runs.length, decode.runs.length]).toEqual([1, 1]);
  });

  it('computes cacheBytesPerToken', () => {
    const { decoder } = createAttentionDecoder();

    // Key and value of 2 heads with 4 float32 values.
    expect(decoder.cacheBytesPerToken).toBe(64);
  });
});
