import {
  createAttentionDecoder,
  expectedLogits,
  tokenIds,
  openSequence,
  tokenEmbeddings,
} from '../../test/fakes/attention-decoder.js';
import { createFakeModel } from '../../test/fakes/fake-model.js';
import { NO_CACHES } from '../cache/engine-caches.js';
import { toCacheKeyedPrompt } from './cache-keyed-prompt.js';
import { type CachedPrompts, prefillConversations, prefillTo } from './prefill.js';
import { createArrivalHandles } from './scheduling/queue-ticket.js';
import { runImmediately, type ScheduleRun } from './scheduling/scheduler.js';

const promptOf = (ids: readonly number[]) =>
  toCacheKeyedPrompt([{ kind: 'text', ids }], { image: [], video: [] });

function expectClose(actual: Float32Array | undefined, expected: Float32Array) {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(actual![i]).toBeCloseTo(value, 4));
}

describe('prefillTo', () => {
  it('prefills the remainder of a prompt in the fewest chunks of about equal length', async () => {
    const { decoder, session } = createAttentionDecoder();
    const ids = tokenIds(1100);
    const sequence = await openSequence(decoder, tokenIds(30));
    const context = { decoder, tokenEmbeddings, features: new Map() };

    const prompt = promptOf(ids);
    const logits = await prefillTo(1100, { sequence, prompt }, context, runImmediately);

    expectClose(logits, expectedLogits(ids));
    const chunks = session.runs.map(({ positions }) => [positions[0], positions.at(-1)]);
    expect(chunks).toEqual([
      [0, 29],
      [30, 397],
      [398, 749],
      [750, 1099],
    ]);
    expect(await prefillTo(1100, { sequence, prompt }, context, runImmediately)).toBeUndefined();
  });

  it('shortens its chunks to the fraction that the schedule grants', async () => {
    const { decoder, session } = createAttentionDecoder();
    const sequence = decoder.createSequence();
    const context = { decoder, tokenEmbeddings, features: new Map() };
    const quarter: ScheduleRun = (run) => run(0.25);
    const ids = tokenIds(300);

    const logits = await prefillTo(300, { sequence, prompt: promptOf(ids) }, context, quarter);

    expectClose(logits, expectedLogits(ids));
    expect(session.runs.map(({ positions }) => positions.length)).toEqual([112, 96, 92]);
  });

  it('returns no logits before the end of the prompt', async () => {
    const { decoder } = createAttentionDecoder();
    const sequence = decoder.createSequence();
    const context = { decoder, tokenEmbeddings, features: new Map() };
    const target = { sequence, prompt: promptOf(tokenIds(40)) };

    expect(await prefillTo(16, target, context, runImmediately)).toBeUndefined();
    expect(sequence.length).toBe(16);
  });
});

describe('prefillConversations', () => {
  /** Prefills three prompts with a shared prefix of 32 positions. */
  async function open(sequences: number) {
    const model = await createFakeModel();
    const conversations = [1, 2, 3].map((last) => ({
      prompt: promptOf([...tokenIds(40), last, last]),
      answerPosition: 'start' as const,
    }));
    const prompts: CachedPrompts = {
      ...{ conversations, sharedLength: 32, cachedPrefix: undefined, uncachedMedia: [] },
    };
    const prefill = await prefillConversations(
      prompts,
      { sequences, maxTokens: 5 },
      {
        ...{ ...model, features: new Map(), caches: NO_CACHES, handle: createArrivalHandles()() },
        scheduleFor: () => runImmediately,
      },
    );
    return { model, prefill };
  }

  it('prefills the shared prefix once and then only the remainders', async () => {
    const { model, prefill } = await open(3);
    const started = await Promise.all(prefill.started);

    expect(model.runs).toEqual([32, 10, 10, 10]);
    expect(started.map(({ index, cachedTokens }) => [index, cachedTokens])).toEqual([
      [0, 0],
      [1, 32],
      [2, 32],
    ]);
    expect(started.map(({ sequence }) => sequence.length)).toEqual([42, 42, 42]);
    expect(prefill.next()).toBeUndefined();
  });

  it('starts one conversation per reserved sequence, the others on demand', async () => {
    const { model, prefill } = await open(1);
    const [first] = await Promise.all(prefill.started);
    expect(model.runs).toEqual([32, 10]);

    prefill.release(first!);
    expect(await prefill.next()).toMatchObject({ index: 1, cachedTokens: 32 });
    expect(await prefill.next()).toMatchObject({ index: 2 });
    expect(prefill.next()).toBeUndefined();
  });

  it('closes all open sequences', async () => {
    const { model, prefill } = await open(2);
    const [first] = await Promise.all(prefill.started);
    prefill.release(first!);
    expect(model.decoder.openSequences).toBe(1);

    await prefill.close();
    expect(model.decoder.openSequences).toBe(0);
  });
});
