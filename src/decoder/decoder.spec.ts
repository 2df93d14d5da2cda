import { createAttentionSession, FAKE_DECODER } from '../../test/fakes/attention-session.js';
import { createTensor } from '../tensor/tensor.js';
import { createDecoder } from './decoder.js';
import type { TokenEmbeddings } from './token-embeddings.js';

const HIDDEN = FAKE_DECODER.hiddenSize;
const tokenEmbeddings: TokenEmbeddings = {
  hiddenSize: HIDDEN,
  embed: (ids) =>
    createTensor(
      [ids.length, HIDDEN],
      Float32Array.from(
        ids.flatMap((id) => Array.from({ length: HIDDEN }, (_, d) => Math.sin(id * 5 + d))),
      ),
    ),
  close: () => undefined,
};
const idsOf = (length: number) => Array.from({ length }, (_, i) => (i * i + 3 * i) % 11);

function create() {
  const session = createAttentionSession();
  const graphs = { decode: session, prefill: null };
  return { session, decoder: createDecoder(graphs, FAKE_DECODER, tokenEmbeddings) };
}

async function prefillWhole(ids: readonly number[]): Promise<Float32Array> {
  const { decoder } = create();
  return decoder.prefill(tokenEmbeddings.embed(ids), decoder.createCache());
}

function expectClose(actual: Float32Array, expected: Float32Array) {
  expect(actual.length).toBe(FAKE_DECODER.vocabularySize);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
}

describe('createDecoder', () => {
  it('scores the same with a cache as without one, across a growth of the cache', async () => {
    const { decoder, session } = create();
    const cache = decoder.createCache();
    const ids = idsOf(262);
    await decoder.prefill(tokenEmbeddings.embed(ids.slice(0, 250)), cache);
    for (let length = 251; length <= ids.length; length++) {
      const logits = await decoder.decodeStep(ids[length - 1]!, cache);
      expectClose(logits, await prefillWhole(ids.slice(0, length)));
    }

    expect(cache.length).toBe(262);
    expect(session.runs.map(({ pastCapacity }) => pastCapacity)).toEqual([
      0,
      ...new Array<number>(7).fill(256),
      ...new Array<number>(5).fill(512),
    ]);
  });

  it('scores a prompt the same in chunks of any size', async () => {
    const ids = idsOf(700);
    const { decoder, session } = create();
    const whole = await decoder.prefill(tokenEmbeddings.embed(ids), decoder.createCache());
    expect(session.runs.map(({ positions }) => [positions[0], positions.at(-1)])).toEqual([
      [0, 511],
      [512, 699],
    ]);

    for (const size of [1, 255, 256, 257, 512]) {
      const made = create();
      const cache = made.decoder.createCache();
      let logits: Float32Array = new Float32Array(0);
      for (let start = 0; start < ids.length; start += size) {
        const part = tokenEmbeddings.embed(ids.slice(start, start + size));
        logits = await made.decoder.prefill(part, cache);
      }
      expectClose(logits, whole);
    }
  });

  it('shares a prefix between two prompts', async () => {
    const { decoder } = create();
    const cache = decoder.createCache();
    await decoder.prefill(tokenEmbeddings.embed([1, 2, 3, 4, 5]), cache);
    cache.truncate(2);

    const logits = await decoder.prefill(tokenEmbeddings.embed([9, 8]), cache);

    expectClose(logits, await prefillWhole([1, 2, 9, 8]));
  });

  it('stops between two runs when it is cancelled', async () => {
    const { decoder, session } = create();
    const controller = new AbortController();
    const run = session.run.bind(session);
    session.run = (inputs) => {
      controller.abort();
      return run(inputs);
    };

    const prefill = decoder.prefill(
      tokenEmbeddings.embed(idsOf(1100)),
      decoder.createCache(),
      controller.signal,
    );

    await expect(prefill).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error);
    expect(session.runs).toHaveLength(1);
  });

  it('never reads past the last position', async () => {
    const { decoder, session } = create();
    const cache = decoder.createCache();
    const tooLong = expect.objectContaining({
      code: 'CONTEXT_LENGTH_EXCEEDED',
      details: { tokens: 1201, maxTokens: 1200 },
    }) as Error;

    await expect(decoder.prefill(tokenEmbeddings.embed(idsOf(1201)), cache)).rejects.toThrow(
      tooLong,
    );
    expect(session.runs).toHaveLength(0);
    await decoder.prefill(tokenEmbeddings.embed(idsOf(1200)), cache);
    await expect(decoder.decodeStep(1, cache)).rejects.toThrow(tooLong);
  });

  it('refuses embeddings of no token or another width', async () => {
    const { decoder } = create();

    for (const shape of [
      [0, HIDDEN],
      [3, HIDDEN + 1],
    ]) {
      await expect(decoder.prefill(createTensor(shape), decoder.createCache())).rejects.toThrow(
        RangeError,
      );
    }
  });

  it('refuses a graph without the outputs it needs', async () => {
    const { session } = create();
    session.run = () => Promise.resolve({});
    const graphs = { decode: session, prefill: null };
    const decoder = createDecoder(graphs, FAKE_DECODER, tokenEmbeddings);

    await expect(decoder.prefill(createTensor([1, HIDDEN]), decoder.createCache())).rejects.toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });

  describe('with a graph of its own for prompts', () => {
    function createPair() {
      const prefill = createAttentionSession('rows alone');
      const decode = createAttentionSession();
      const graphs = { decode, prefill };
      return { prefill, decode, decoder: createDecoder(graphs, FAKE_DECODER, tokenEmbeddings) };
    }
    const lengths = ({ runs }: ReturnType<typeof createAttentionSession>) =>
      runs.map(({ positions }) => positions.length);

    it('reads all but the last position with it, and scores as one graph does', async () => {
      const { prefill, decode, decoder } = createPair();
      const cache = decoder.createCache();
      const ids = idsOf(700);

      const logits = await decoder.prefill(tokenEmbeddings.embed(ids), cache);

      expectClose(logits, await prefillWhole(ids));
      expect([lengths(prefill), lengths(decode)]).toEqual([[512, 187], [1]]);
      expectClose(await decoder.decodeStep(3, cache), await prefillWhole([...ids, 3]));
      expect([lengths(prefill), lengths(decode)]).toEqual([
        [512, 187],
        [1, 1],
      ]);
    });

    it('leaves a prompt of one position to the other graph', async () => {
      const { prefill, decode, decoder } = createPair();

      await decoder.prefill(tokenEmbeddings.embed([5]), decoder.createCache());

      expect([lengths(prefill), lengths(decode)]).toEqual([[], [1]]);
    });
  });

  it('reads shorter stretches where many heads look far back', async () => {
    const session = createAttentionSession();
    const graphs = { decode: session, prefill: null };
    const config = { ...FAKE_DECODER, attentionHeads: 256 };
    const decoder = createDecoder(graphs, config, tokenEmbeddings);

    await decoder.prefill(tokenEmbeddings.embed(idsOf(700)), decoder.createCache());

    // 362 positions are the limit of an empty cache, 187 behind 512 of them, 141 behind 768.
    expect(session.runs.map(({ positions }) => positions.length)).toEqual([352, 176, 128, 44]);
  });
});
