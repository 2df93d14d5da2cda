import { GREEDY, NEUTRAL_GENERATION } from '../../test/fakes/generation.js';
import { createFakeModel } from '../../test/fakes/fake-model.js';
import { NO_CACHES } from '../cache/engine-caches.js';
import { toCacheKeyedPrompt } from './cache-keyed-prompt.js';
import { decodeConversations } from './decode.js';
import { prefillConversations } from './prefill.js';
import { createTimer } from './request-timings.js';
import { createArrivalHandles } from './scheduling/queue-ticket.js';
import { createScheduler, runImmediately } from './scheduling/scheduler.js';
import type { ModelManifest } from '../models/package/manifest.js';
import type { EngineEvent, GenerationSettings } from './vision-language-engine.js';

const SETTINGS: GenerationSettings = {
  ...GREEDY,
  maxTokens: 4,
};

/** Prefills one text-only conversation per prompt and starts to decode them. */
async function open(
  prompts: readonly number[][],
  sequences: number,
  {
    onRun,
    settings,
    manifest,
  }: {
    readonly onRun?: () => void;
    readonly settings?: Partial<GenerationSettings>;
    readonly manifest?: Partial<ModelManifest>;
  } = {},
) {
  const model = await createFakeModel();
  const conversations = prompts.map((ids) => ({
    prompt: toCacheKeyedPrompt([{ kind: 'text', ids }], { image: [], video: [] }),
    answerPosition: 'start' as const,
  }));
  const abort = new AbortController();
  const handle = createArrivalHandles()(abort.signal);
  const prefill = await prefillConversations(
    { conversations, sharedLength: 0, cachedPrefix: undefined, uncachedMedia: [] },
    { sequences, maxTokens: SETTINGS.maxTokens },
    {
      ...{ ...model, features: new Map(), caches: NO_CACHES, handle },
      scheduleFor: () => runImmediately,
    },
  );
  await Promise.all(prefill.started);
  if (onRun) model.onRun = onRun;
  const events: EngineEvent[] = [];
  const decoded = decodeConversations(prefill, {
    ...{
      ...model,
      handle,
      settings: { ...SETTINGS, ...settings },
      receipts: false,
      timer: createTimer(),
    },
    manifest: { ...model.manifest, ...manifest },
    scheduler: createScheduler(model.decoder),
    emit: (event) => void events.push(event),
    fail: (error) => abort.abort(error),
  });
  const answers = () => events.flatMap((event) => (event.type === 'answer' ? [event] : []));
  return { model, decoded, events, answers };
}

describe('decodeConversations', () => {
  it('decodes conversations in one batch and emits text deltas and answers', async () => {
    const { model, decoded, events, answers } = await open([[1], [2, 3]], 2);
    await decoded;

    expect(
      answers()
        .map(({ conversation }) => conversation)
        .sort(),
    ).toEqual([0, 1]);
    for (const { conversation, text, usage, finishReason } of answers()) {
      const deltas = events.flatMap((event) =>
        event.type === 'text-delta' && event.conversation === conversation ? event.text : [],
      );
      expect(deltas.join('')).toBe(text);
      expect(finishReason).toBe('length');
      expect(usage).toMatchObject({ completionTokens: 4, promptTokens: 1 + conversation });
    }
    // Four tokens take three decode steps: prefill yields the logits of the first token.
    expect(model.runs.slice(2)).toEqual([2, 2, 2]);
    expect(model.decoder.openSequences).toBe(0);
  });

  it('prefills the next conversation when one ends, if only one sequence is reserved', async () => {
    const { model, decoded, answers } = await open([[1], [2], [3]], 1);
    await decoded;

    expect(answers().map(({ conversation }) => conversation)).toEqual([0, 1, 2]);
    expect(Math.max(...model.runs)).toBe(1);
    expect(model.decoder.openSequences).toBe(0);
  });

  it('throws the first error, cancels the other conversations and closes their sequences', async () => {
    let runs = 0;
    const broken = new Error('out of memory');
    const { model, decoded, answers } = await open([[1], [2]], 2, {
      onRun() {
        runs += 1;
        if (runs >= 2) throw broken;
      },
    });

    await expect(decoded).rejects.toBe(broken);
    expect(answers().every(({ finishReason }) => finishReason === 'cancelled')).toBe(true);
    expect(model.decoder.openSequences).toBe(0);
  });
});

describe('the end of an answer', () => {
  /** Ids of the test tokenizer: `<|im_end|>`, and a word. */
  const [END, WORD] = [5, 546];
  const only = (id: number) => ({ logitBias: new Map([[id, 500]]) });

  async function answer(
    settings: Partial<GenerationSettings>,
    manifest: Partial<ModelManifest> = {},
  ) {
    const { decoded, answers } = await open([[1]], 1, { settings, manifest });
    await decoded;
    return answers()[0]!;
  }

  it('is an end-of-text token of the model, unless it is ignored', async () => {
    const manifest = { tokens: { bos: null, eos: [WORD], pad: null } };

    const stopped = await answer(only(WORD), manifest);
    expect(stopped).toMatchObject({ text: '', finishReason: 'stop', stopReason: null });
    const full = await answer({ ...only(WORD), endOfText: 'ignore' }, manifest);
    expect(full).toMatchObject({ finishReason: 'length', usage: { completionTokens: 4 } });
    expect(full.text).not.toBe('');
  });

  it('is a stop token of the request, which minTokens defers', async () => {
    const settings = { ...only(WORD), stopTokenIds: [WORD] };

    expect(await answer(settings)).toMatchObject({
      finishReason: 'stop',
      stopReason: WORD,
      usage: { completionTokens: 1 },
    });
    expect((await answer({ ...settings, minTokens: 2 })).usage.completionTokens).toBe(3);
  });

  it.each([
    ['the request', { stop: ['<|im_end|>'] }, {}],
    ['the checkpoint', {}, { stopStrings: ['<|im_end|>'] }],
  ])('is the control token that a stop string of %s spells', async (_, settings, own) => {
    const generation = { ...NEUTRAL_GENERATION, ...own };
    const stopped = await answer({ ...only(END), ...settings }, { generation });

    expect(stopped).toMatchObject({ text: '', finishReason: 'stop', stopReason: '<|im_end|>' });
    expect((await answer(only(END))).finishReason).toBe('length');
  });

  it('is never a token that the checkpoint suppresses', async () => {
    const generation = { ...NEUTRAL_GENERATION, suppressTokens: [END] };

    const { text, finishReason } = await answer(
      { ...only(END), stop: ['<|im_end|>'] },
      { generation },
    );
    expect(finishReason).toBe('length');
    expect(text).not.toBe('');
  });
});
