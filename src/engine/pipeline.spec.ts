import { createFakeParts, type FakeParts } from '../../test/fakes/loaded-model.js';
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

const GREEDY: GenerationSettings = {
  ...{ temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
  ...{ maxTokens: 6, stop: [] },
};
const picture = (value: number): RequestMedia => ({ kind: 'image', bytes: Uint8Array.of(value) });
const clip = (count: number): RequestMedia => ({
  kind: 'video',
  // Only hashed: the fake media decoder invents the frames.
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
  return { media, detail: 'high', conversations, settings: { ...GREEDY, ...settings } };
}

const LEAST = { memoryBytes: 0, caches: NO_CACHES };
const generate = (asked: EngineRequest, parts: FakeParts, signal?: AbortSignal) =>
  createRequestRunner(parts, LEAST).generate(asked, signal);
async function run(request: EngineRequest, parts: FakeParts, signal?: AbortSignal) {
  const events: EngineEvent[] = [];
  for await (const event of generate(request, parts, signal)) events.push(event);
  return {
    events,
    media: events.flatMap((event) => (event.type === 'media' ? event.media : [])),
    answers: events.flatMap((event) => (event.type === 'answer' ? [event] : [])),
  };
}

describe('runPipeline', () => {
  it('answers text alone without touching media', async () => {
    const parts = await createFakeParts();

    const { events, answers } = await run(requestOf([], [[user(text('Bon dia'))]]), parts);

    expect(events[0]).toEqual({ type: 'media', media: [] });
    expect(events.at(-1)).toMatchObject({ type: 'done', timings: { mediaDecodeMs: 0, tileMs: 0 } });
    expect(answers).toMatchObject([
      { finishReason: 'length', usage: { imageTokens: 0, cachedTokens: 0, completionTokens: 6 } },
    ]);
    expect(answers[0]!.text).not.toBe('');
    expect(parts.mediaCalls).toEqual([]);
    expect(parts.visionRuns).toEqual([]);
  });

  it('takes one picture in tiles, its detail after the frames of the clip beside it', async () => {
    const parts = await createFakeParts();
    const request = requestOf([picture(1), clip(8)], [[user(image, video, text('Què?'))]]);

    const { media, answers } = await run(request, parts);

    expect(parts.mediaCalls.map(({ kind, layout }) => [kind, layout])).toEqual([
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
    // 13 tiles of the picture, 8 frames.
    expect(parts.visionRuns.reduce((a, b) => a + b)).toBe(13 + 8);
    expect(Math.max(...parts.visionRuns)).toBe(MAX_TILES_PER_RUN);
    // All but the last token of the answer is read, and the prompt before.
    expect(parts.runs.reduce((a, b) => a + b)).toBe(answers[0]!.usage.promptTokens + 5);
  });

  it('pads each of several pictures to a square, whatever the turn they stand in', async () => {
    const parts = await createFakeParts();
    const conversation = [
      user(image, text('Primera.')),
      { role: 'assistant', content: [text('Un gat.')] } as const,
      user(image, text('I ara?')),
    ];

    const request = requestOf([picture(1), picture(2)], [conversation]);
    const { media, answers } = await run(request, parts);

    expect(parts.mediaCalls).toMatchObject([{ layout: 'square' }, { layout: 'square' }]);
    expect(media).toMatchObject([
      { tiles: 1, grid: null, visualTokens: 50 },
      { tiles: 1, grid: null, visualTokens: 50 },
    ]);
    expect(answers[0]!.usage.imageTokens).toBe(100);
  });

  it('gives clips the frames that fit, then the picture the detail that is left', async () => {
    const parts = await createFakeParts({ maxPositions: 260 });
    const request = requestOf([clip(8), picture(1), clip(3)], [[user(image, video, video)]]);

    const { media, answers } = await run(request, parts);

    const frames = media.map((one) => (one.kind === 'video' ? one.frames.length : 0));
    // 50 + 17 + 17 at the least; the rest is worth 10 frames: 3 and then as many as are wished.
    expect(frames[2]).toBe(3);
    expect(frames[0]).toBeGreaterThan(3);
    expect(media[1]).toMatchObject({ kind: 'image', tiles: 1, visualTokens: 50 });
    const { promptTokens } = answers[0]!.usage;
    expect(promptTokens + GREEDY.maxTokens).toBeLessThanOrEqual(260);
    expect(promptTokens + GREEDY.maxTokens).toBeGreaterThan(260 - 16 - 50);
  });

  it('says how much would be needed when the least does not fit', async () => {
    const parts = await createFakeParts({ maxPositions: 120 });
    const request = requestOf([picture(1), picture(2), clip(1)], [[user(image, image, video)]]);

    await expect(run(request, parts)).rejects.toMatchObject({
      code: 'CONTEXT_LENGTH_EXCEEDED',
      details: { context_length: 120, min_image_tokens: 117, max_tokens: 6 },
    });
    expect(parts.mediaCalls).toEqual([]);
  });

  it('reads what conversations share once, and answers as if each were alone', async () => {
    const media = [picture(1), clip(2), picture(9)];
    const ask = (question: string) => [user(image, image, video, text(question))];
    const questions = ['Què hi ha?', 'Què passa al vídeo?', 'Què hi ha?'];
    const settings = { topLogprobs: 1 };
    const together = await createFakeParts();
    const shared = await run(requestOf(media, questions.map(ask), settings), together);

    expect(shared.answers[0]!.usage.cachedTokens).toBe(0);
    for (const [index, question] of questions.entries()) {
      const alone = await run(requestOf(media, [ask(question)], settings), await createFakeParts());
      const { usage, text: answer, tokens } = shared.answers[index]!;
      expect(answer).toBe(alone.answers[0]!.text);
      expect(tokens!.map(({ id }) => id)).toEqual(alone.answers[0]!.tokens!.map(({ id }) => id));
      expect(usage.promptTokens).toBe(alone.answers[0]!.usage.promptTokens);
      // Everything up to the end of the media, at least.
      if (index > 0) expect(usage.cachedTokens).toBeGreaterThan(100 + 33);
    }
  });

  it.each<[string, RequestMedia[], ChatPart[]]>([
    ['a picture nobody shows', [picture(1)], [text('a')]],
    ['a place without a picture', [], [image, text('a')]],
    ['a clip where a picture is', [clip(1)], [image, text('a')]],
  ])('refuses %s', async (_, media, content) => {
    const parts = await createFakeParts();

    await expect(run(requestOf(media, [[user(...content)]]), parts)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  describe('probabilities', () => {
    it('come with every token when they are asked for, and only then', async () => {
      const request = requestOf([], [[user(text('Bon dia'))]], { topLogprobs: 3 });
      const { events, answers } = await run(request, await createFakeParts());
      const plain = await run(requestOf([], [[user(text('Bon dia'))]]), await createFakeParts());

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

  describe('when nobody listens any more', () => {
    const endless = () => requestOf([], [[user(text('Bon dia'))]], { maxTokens: 500 });

    it('runs nothing once a reader has left the loop', async () => {
      const parts = await createFakeParts();
      for await (const event of generate(endless(), parts)) {
        if (event.type === 'text-delta') break;
      }
      const runs = parts.runs.length;
      await new Promise((resolve) => setTimeout(resolve, 20));

      expect(parts.runs).toHaveLength(runs);
    });

    it('ends after the step that runs, for an answer', async () => {
      const parts = await createFakeParts();
      const abort = new AbortController();
      parts.onRun = () => parts.runs.length === 5 && abort.abort();

      const { answers } = await run(endless(), parts, abort.signal);

      expect(parts.runs).toHaveLength(5);
      expect(answers).toMatchObject([
        { finishReason: 'cancelled', usage: { completionTokens: 4 } },
      ]);
    });

    it('ends after the run that runs, while it reads a prompt', async () => {
      const parts = await createFakeParts();
      const abort = new AbortController();
      parts.onRun = () => abort.abort(new Error('gone'));
      const long = requestOf([picture(1)], [[user(image, text('a b c '.repeat(60)))]]);

      await expect(run(long, parts, abort.signal)).rejects.toThrow('gone');
      expect(parts.runs).toHaveLength(1);
    });

    it('ends after the run that runs, while it looks at tiles and frames', async () => {
      for (const [media, part] of [
        [picture(1), image],
        [clip(12), video],
      ] as const) {
        const parts = await createFakeParts();
        const abort = new AbortController();
        parts.onVisionRun = () => abort.abort(new Error('gone'));

        const request = requestOf([media], [[user(part, text('a'))]]);
        await expect(run(request, parts, abort.signal)).rejects.toThrow('gone');
        expect(parts.visionRuns).toEqual([MAX_TILES_PER_RUN]);
        expect(parts.runs).toEqual([]);
      }
    });

    it('starts no other conversation', async () => {
      const parts = await createFakeParts();
      const abort = new AbortController();
      const request = { ...endless(), conversations: [[user(text('a'))], [user(text('b'))]] };
      parts.onRun = () => parts.runs.length === 1 && abort.abort(new Error('gone'));

      await expect(run(request, parts, abort.signal)).rejects.toThrow('gone');
      expect(parts.runs).toHaveLength(1);
    });
  });
});
