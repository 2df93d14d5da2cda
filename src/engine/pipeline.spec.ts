import { GREEDY } from '../../test/fakes/generation.js';
import { createFakeModel, type FakeModel } from '../../test/fakes/fake-model.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import type { ChatMessage, ChatPart } from '../language/chat-template.js';
import { NO_CACHES } from '../cache/engine-caches.js';
import { createRequestRunner } from './request-runner.js';
import type {
  EngineEvent,
  EngineRequest,
  GenerationSettings,
  RequestMedia,
} from './vision-language-engine.js';

const SETTINGS: GenerationSettings = { ...GREEDY, maxTokens: 6 };
const sentImage = (value: number): RequestMedia => ({ kind: 'image', bytes: Uint8Array.of(value) });
const sentVideo = (count: number): RequestMedia => ({
  kind: 'video',
  // Hashed only: the fake media decoder generates the frames.
  path: 'samples/rocket-rises.mp4',
  sampling: { mode: 'uniform', frames: { count } },
});
const image: ChatPart = { type: 'image' };
const video: ChatPart = { type: 'video' };
const text = (value: string): ChatPart => ({ type: 'text', text: value });
const user = (...content: ChatPart[]): ChatMessage => ({ role: 'user', content });

function requestOf(
  media: RequestMedia[],
  conversations: ChatMessage[][],
  settings: Partial<GenerationSettings> = {},
): EngineRequest {
  return { media, detail: 'high', conversations, settings: { ...SETTINGS, ...settings } };
}

const MINIMAL = { memoryBytes: 0, caches: NO_CACHES };
const generate = (request: EngineRequest, model: FakeModel, signal?: AbortSignal) =>
  createRequestRunner(model, MINIMAL).generate(request, signal);
async function run(request: EngineRequest, model: FakeModel, signal?: AbortSignal) {
  const events: EngineEvent[] = [];
  for await (const event of generate(request, model, signal)) events.push(event);
  return {
    events,
    media: events.flatMap((event) => (event.type === 'media' ? event.media : [])),
    answers: events.flatMap((event) => (event.type === 'answer' ? [event] : [])),
  };
}

describe('runPipeline', () => {
  it('answers a text question without decoding or encoding media', async () => {
    const model = await createFakeModel();

    const { events, answers } = await run(requestOf([], [[user(text('Bon dia'))]]), model);

    expect(events[0]).toEqual({ type: 'media', media: [] });
    expect(events.at(-1)).toMatchObject({ type: 'done', timings: { mediaDecodeMs: 0, tileMs: 0 } });
    expect(answers).toMatchObject([
      { finishReason: 'length', usage: { imageTokens: 0, cachedTokens: 0, completionTokens: 6 } },
    ]);
    expect(answers[0]!.text).not.toBe('');
    expect(model.mediaCalls).toEqual([]);
    expect(model.visionRuns).toEqual([]);
  });

  it('tiles a single image, after the frames of the video have their share of the budget', async () => {
    const model = await createFakeModel();
    const request = requestOf([sentImage(1), sentVideo(8)], [[user(image, video, text('Què?'))]]);

    const { media, answers } = await run(request, model);

    expect(model.mediaCalls.map(({ kind, layout }) => [kind, layout])).toEqual([
      ['video', undefined],
      ['image', 'anyres'],
    ]);
    expect(media).toMatchObject([
      { kind: 'image', width: 300, height: 200, grid: { rows: 3, columns: 4 } },
      {
        kind: 'video',
        width: 64,
        durationSeconds: 12,
        framesRequested: 8,
        visualTokens: 8 * 16 + 1,
      },
    ]);
    expect(media[1]).toMatchObject({ frames: { length: 8, 3: { timestampSeconds: 1.5 } } });
    expect(answers[0]!.usage.imageTokens).toBe(media[0]!.visualTokens + 129);
    // 13 tiles of the image and 8 frames.
    expect(model.visionRuns.reduce((a, b) => a + b)).toBe(13 + 8);
    expect(Math.max(...model.visionRuns)).toBe(MAX_TILES_PER_RUN);
    // The prompt and every answer token except the last are fed to the decoder.
    expect(model.runs.reduce((a, b) => a + b)).toBe(answers[0]!.usage.promptTokens + 5);
  });

  it('pads each of several images to a square, in any turn', async () => {
    const model = await createFakeModel();
    const conversation = [
      user(image, text('Primera.')),
      { role: 'assistant', content: [text('Un gat.')] } as const,
      user(image, text('I ara?')),
    ];

    const request = requestOf([sentImage(1), sentImage(2)], [conversation]);
    const { media, answers } = await run(request, model);

    expect(model.mediaCalls).toMatchObject([{ layout: 'square' }, { layout: 'square' }]);
    expect(media).toMatchObject([
      { tiles: 1, grid: null, visualTokens: 50 },
      { tiles: 1, grid: null, visualTokens: 50 },
    ]);
    expect(answers[0]!.usage.imageTokens).toBe(100);
  });

  it('splits each of several images if the layout does, within equal shares of the budget', async () => {
    const conversations = [[user(image, image, text('Iguals?'))]];
    const request = requestOf([sentImage(1), sentImage(2)], conversations);
    const wide = await createFakeModel({ severalImages: 'as-one', maxPositions: 4_000 });
    const narrow = await createFakeModel({ severalImages: 'as-one', maxPositions: 400 });

    expect((await run(request, wide)).media).toMatchObject([{ tiles: 13 }, { tiles: 13 }]);
    expect(wide.mediaCalls).toMatchObject([{ layout: 'anyres' }, { layout: 'anyres' }]);
    const { media, answers } = await run(request, narrow);
    const [first, second] = media.map(({ visualTokens }) => visualTokens);
    expect(media[0]).toMatchObject({ tiles: expect.any(Number) as number });
    expect(first).toBeGreaterThan(50);
    // The second image has its share and what the first one left.
    expect(second).toBeGreaterThanOrEqual(first!);
    expect(answers[0]!.usage.promptTokens + SETTINGS.maxTokens).toBeLessThanOrEqual(400);
  });

  it('rejects videos before any work if the model takes none', async () => {
    const model = await createFakeModel({ inputs: 'text and images' });
    const request = requestOf([sentVideo(2)], [[user(video)]]);

    await expect(run(request, model)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      publicMessage: expect.stringContaining(
        'The model tiny accepts images, but no videos.',
      ) as string,
    });
    expect([model.mediaCalls, model.visionRuns, model.runs]).toEqual([[], [], []]);
    const images = await run(requestOf([sentImage(1)], [[user(image)]]), model);
    expect(images.answers).toHaveLength(1);
  });

  it('gives videos the frames that fit, then the image the rest of the budget', async () => {
    const model = await createFakeModel({ maxPositions: 260 });
    const request = requestOf(
      [sentVideo(8), sentImage(1), sentVideo(3)],
      [[user(image, video, video)]],
    );

    const { media, answers } = await run(request, model);

    const frames = media.map((item) => (item.kind === 'video' ? item.frames.length : 0));
    // The minimum is 50 + 17 + 17 tokens. The rest is shared frame by frame: the second video gets all 3 it requested.
    expect(frames[2]).toBe(3);
    expect(frames[0]).toBeGreaterThan(3);
    expect(media[1]).toMatchObject({ kind: 'image', tiles: 1, visualTokens: 50 });
    const { promptTokens } = answers[0]!.usage;
    expect(promptTokens + SETTINGS.maxTokens).toBeLessThanOrEqual(260);
    expect(promptTokens + SETTINGS.maxTokens).toBeGreaterThan(260 - 16 - 50);
  });

  it('reports the minimum number of tokens if it does not fit the context', async () => {
    const model = await createFakeModel({ maxPositions: 120 });
    const request = requestOf(
      [sentImage(1), sentImage(2), sentVideo(1)],
      [[user(image, image, video)]],
    );

    await expect(run(request, model)).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
      details: { context_length: 120, min_image_tokens: 117, max_tokens: 6 },
    });
    expect(model.mediaCalls).toEqual([]);
  });

  it('prefills the shared prefix once and returns the same answers as separate requests', async () => {
    const media = [sentImage(1), sentVideo(2), sentImage(9)];
    const ask = (question: string) => [user(image, image, video, text(question))];
    const questions = ['Què hi ha?', 'Què passa al vídeo?', 'Què hi ha?'];
    const settings = { topLogprobs: 1 };
    const model = await createFakeModel();
    const shared = await run(requestOf(media, questions.map(ask), settings), model);

    expect(shared.answers[0]!.usage.cachedTokens).toBe(0);
    for (const [index, question] of questions.entries()) {
      const alone = await run(requestOf(media, [ask(question)], settings), await createFakeModel());
      const { usage, text: answer, tokens } = shared.answers[index]!;
      expect(answer).toBe(alone.answers[0]!.text);
      expect(tokens!.map(({ id }) => id)).toEqual(alone.answers[0]!.tokens!.map(({ id }) => id));
      expect(usage.promptTokens).toBe(alone.answers[0]!.usage.promptTokens);
      // At least up to the end of the media.
      if (index > 0) expect(usage.cachedTokens).toBeGreaterThan(100 + 33);
    }
  });

  it.each<[string, RequestMedia[], ChatPart[]]>([
    ['an image that no conversation references', [sentImage(1)], [text('a')]],
    ['a reference to a missing image', [], [image, text('a')]],
    ['a reference to an image if a video was sent', [sentVideo(1)], [image, text('a')]],
  ])('refuses %s', async (_, media, content) => {
    const model = await createFakeModel();

    await expect(run(requestOf(media, [[user(...content)]]), model)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  describe('log-probabilities', () => {
    it('are reported for every token, only if requested', async () => {
      const request = requestOf([], [[user(text('Bon dia'))]], { topLogprobs: 3 });
      const { events, answers } = await run(request, await createFakeModel());
      const plain = await run(requestOf([], [[user(text('Bon dia'))]]), await createFakeModel());

      const deltas = events.flatMap((event) => (event.type === 'text-delta' ? event.tokens! : []));
      const { tokens = [], text: answer } = answers[0]!;
      expect(deltas).toEqual(tokens);
      expect(tokens).toHaveLength(6);
      expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes)).toString()).toBe(answer);
      for (const { id, logprob, top } of tokens) {
        expect(top).toHaveLength(3);
        expect(top[0]).toMatchObject({ id, logprob });
        expect(Math.exp(logprob)).toBeGreaterThan(1 / 11);
      }
      expect(plain.answers[0]!.text).toBe(answer);
      expect(JSON.stringify(plain.events)).not.toContain('logprob');
    });
  });

  describe('on cancellation', () => {
    const endless = () => requestOf([], [[user(text('Bon dia'))]], { maxTokens: 500 });

    it('stops all runs after the consumer leaves the loop', async () => {
      const model = await createFakeModel();
      for await (const event of generate(endless(), model)) {
        if (event.type === 'text-delta') break;
      }
      const runs = model.runs.length;
      await new Promise((resolve) => setTimeout(resolve, 20));

      expect(model.runs).toHaveLength(runs);
    });

    it('stops after the current decode step', async () => {
      const model = await createFakeModel();
      const abort = new AbortController();
      model.onRun = () => model.runs.length === 5 && abort.abort();

      const { answers } = await run(endless(), model, abort.signal);

      expect(model.runs).toHaveLength(5);
      expect(answers).toMatchObject([
        { finishReason: 'cancelled', usage: { completionTokens: 4 } },
      ]);
    });

    it('stops after the current prefill chunk', async () => {
      const model = await createFakeModel();
      const abort = new AbortController();
      model.onRun = () => abort.abort(new Error('gone'));
      const long = requestOf([sentImage(1)], [[user(image, text('a b c '.repeat(60)))]]);

      await expect(run(long, model, abort.signal)).rejects.toThrow('gone');
      expect(model.runs).toHaveLength(1);
    });

    it('stops after the current vision encoder run', async () => {
      for (const [media, reference] of [
        [sentImage(1), image],
        [sentVideo(12), video],
      ] as const) {
        const model = await createFakeModel();
        const abort = new AbortController();
        model.onVisionRun = () => abort.abort(new Error('gone'));

        const request = requestOf([media], [[user(reference, text('a'))]]);
        await expect(run(request, model, abort.signal)).rejects.toThrow('gone');
        expect(model.visionRuns).toEqual([MAX_TILES_PER_RUN]);
        expect(model.runs).toEqual([]);
      }
    });

    it('starts no further conversation', async () => {
      const model = await createFakeModel();
      const abort = new AbortController();
      const request = { ...endless(), conversations: [[user(text('a'))], [user(text('b'))]] };
      model.onRun = () => model.runs.length === 1 && abort.abort(new Error('gone'));

      await expect(run(request, model, abort.signal)).rejects.toThrow('gone');
      expect(model.runs).toHaveLength(1);
    });
  });
});
