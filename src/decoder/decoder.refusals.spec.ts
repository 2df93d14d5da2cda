import {
  createAttentionDecoder,
  tokenIds,
  openSequence,
  tokenEmbeddings,
} from '../../test/fakes/attention-decoder.js';
import { createTensor } from '../tensor/tensor.js';

const HIDDEN = tokenEmbeddings.hiddenSize;
const { embed } = tokenEmbeddings;

describe('createDecoder', () => {
  it('refuses to prefill or decode beyond maxPositions', async () => {
    const { decoder, session } = createAttentionDecoder();
    const full = decoder.createSequence();
    for (let start = 0; start < 1199; start += 400) {
      await decoder.prefill(full, embed(tokenIds(1199).slice(start, start + 400)));
    }
    const other = decoder.createSequence();
    session.runs.length = 0;
    const tooLong = (tokens: number) =>
      expect.objectContaining({
        code: 'CONTEXT_LENGTH_EXCEEDED',
        details: { tokens, maxTokens: 1200 },
      }) as Error;

    await expect(decoder.prefill(full, embed([1, 2]))).rejects.toThrow(tooLong(1201));
    expect(session.runs).toHaveLength(0);
    await decoder.step([{ sequence: full, id: 1 }]);
    const step = decoder.step([other, full].map((sequence) => ({ sequence, id: 1 })));
    await expect(step).rejects.toThrow(tooLong(1201));
    expect(session.runs).toHaveLength(1);
    expect([full.length, other.length]).toEqual([1200, 0]);
  });

  it('refuses chunks that are empty, too long or of another width', async () => {
    const { decoder } = createAttentionDecoder();
    const shapes = [
      [0, HIDDEN],
      [decoder.longestChunk + 1, HIDDEN],
      [3, HIDDEN + 1],
    ];
    for (const shape of shapes) {
      const prefilled = decoder.prefill(decoder.createSequence(), createTensor(shape));

      await expect(prefilled).rejects.toThrow(RangeError);
    }
  });

  it('refuses closed or foreign sequences and prefixes of invalid length', async () => {
    const { decoder } = createAttentionDecoder();
    const closed = await openSequence(decoder, [1, 2]);
    decoder.close(closed);
    const open = await openSequence(decoder, [1, 2]);

    await expect(decoder.prefill(closed, embed([1]))).rejects.toThrow(TypeError);
    await expect(decoder.step([{ sequence: closed, id: 1 }])).rejects.toThrow(TypeError);
    await expect(decoder.step([{ sequence: { length: 2 }, id: 1 }])).rejects.toThrow(TypeError);
    expect(() => decoder.snapshotPrefix(closed, 1)).toThrow(TypeError);
    expect(() => decoder.close(closed)).toThrow(TypeError);
    for (const length of [3, -1, 0.5]) {
      expect(() => decoder.snapshotPrefix(open, length)).toThrow(RangeError);
    }
  });

  it('refuses empty steps and duplicate sequences, and leaves the sequence unchanged', async () => {
    const { decoder, session } = createAttentionDecoder();
    const sequence = await openSequence(decoder, [1, 2]);
    session.runs.length = 0;

    await expect(decoder.step([])).rejects.toThrow(RangeError);
    const twice = decoder.step([1, 2].map((id) => ({ sequence, id })));
    await expect(twice).rejects.toThrow(RangeError);
    expect(session.runs).toHaveLength(0);
    expect(sequence.length).toBe(2);
  });

  it.each([['hidden'], ['present.0.key']])(
    'refuses a graph without the output %s',
    async (missing) => {
      const { decoder, session } = createAttentionDecoder();
      const run = session.run.bind(session);
      session.run = async (inputs) => {
        const { [missing]: removed, ...outputs } = await run(inputs);
        expect(removed).toBeDefined();
        return outputs;
      };

      await expect(decoder.prefill(decoder.createSequence(), embed([1]))).rejects.toThrow();
    },
  );
});
