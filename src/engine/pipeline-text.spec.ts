import { createFakeParts, type FakeParts } from '../../test/fakes/loaded-model.js';
import type { ChatMessage } from '../language/chat-template.js';
import { NO_CACHES } from '../cache/engine-caches.js';
import { createRequestRunner } from './request-runner.js';
import type {
  Answer,
  Conversation,
  EngineEvent,
  EngineRequest,
  GenerationSettings,
  RequestMedia,
} from './vision-language-engine.js';

const SETTINGS: GenerationSettings = {
  ...{ temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
  ...{ maxTokens: 6, stop: [], topLogprobs: 0 },
};
const picture: RequestMedia = { kind: 'image', bytes: Uint8Array.of(1) };
const chat = (value: string): ChatMessage[] => [
  { role: 'user', content: [{ type: 'text', text: value }] },
];
const showing: ChatMessage[] = [{ role: 'user', content: [{ type: 'image' }] }];

async function run(
  media: RequestMedia[],
  conversations: Conversation[],
  parts: FakeParts,
): Promise<{ events: EngineEvent[]; answers: Answer[] }> {
  const request: EngineRequest = { media, detail: 'auto', conversations, settings: SETTINGS };
  const events: EngineEvent[] = [];
  const { generate } = createRequestRunner(parts, { memoryBytes: 0, caches: NO_CACHES });
  for await (const event of generate(request)) events.push(event);
  return { events, answers: events.flatMap((one) => (one.type === 'answer' ? [one] : [])) };
}

describe('a model that reads text alone', () => {
  it('answers messages and goes on with texts', async () => {
    const parts = await createFakeParts({ reads: 'text' });

    const { events, answers } = await run([], [chat('Bon dia'), { rawText: 'Bon dia' }], parts);

    expect(events[0]).toEqual({ type: 'media', media: [] });
    expect(answers.map(({ usage }) => usage.completionTokens)).toEqual([6, 6]);
  });

  it('refuses pictures and clips before anything is done', async () => {
    const parts = await createFakeParts({ reads: 'text' });

    await expect(run([picture], [showing], parts)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      publicMessage: expect.stringContaining('no vision encoder') as string,
    });
    expect([parts.mediaCalls, parts.visionRuns, parts.runs]).toEqual([[], [], []]);
  });

  it('refuses the place of a picture that nobody sent', async () => {
    const parts = await createFakeParts({ reads: 'text' });

    await expect(run([], [showing], parts)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });
});

describe('a raw prompt', () => {
  it('is read as it is: the beginning, and its own ids', async () => {
    const parts = await createFakeParts();
    const text = 'Bon dia a tothom';

    const { answers } = await run([], [{ rawText: text }], parts);

    const ids = parts.tokenizer.encodeText(text).length;
    expect(answers[0]!.usage.promptTokens).toBe(1 + ids);
    expect(parts.runs[0]).toBe(1 + ids);
  });

  it('is gone on with where it ends, its next word behind a space', async () => {
    const parts = await createFakeParts();

    const { answers } = await run([], [{ rawText: 'Un gos' }, { rawText: '' }], parts);

    const [middle, start] = answers.map(({ text, tokens }) => {
      const pieces = tokens!.map(({ id }) => parts.tokenizer.pieceOf(id)).join('');
      expect(Buffer.from(tokens!.flatMap(({ bytes }) => bytes)).toString()).toBe(text);
      return { text, whole: pieces.replaceAll('▁', ' ') };
    });
    expect(middle!.whole).toMatch(/^ /);
    expect(middle!.text).toBe(middle!.whole);
    expect(start!.text).toBe(start!.whole.replace(/^ /, ''));
  });

  it('shares what it has in common with the one before', async () => {
    const parts = await createFakeParts();
    const common = 'Bon dia a tothom que '.repeat(4);

    const { answers } = await run(
      [],
      [{ rawText: `${common}hi ha` }, { rawText: `${common}hi era` }],
      parts,
    );

    expect(answers[1]!.usage.cachedTokens).toBe(32);
  });

  it('shows no pictures', async () => {
    const parts = await createFakeParts();

    await expect(run([picture], [{ rawText: '<image>' }], parts)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      details: { kind: 'image', sent: 1, shown: 0 },
    });
    expect(parts.mediaCalls).toEqual([]);
  });
});
