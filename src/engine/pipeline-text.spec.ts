import { GREEDY } from '../../test/fakes/generation.js';
import { TaintedText } from '../language/tainted-text.js';
import { createFakeModel, type FakeModel } from '../../test/fakes/fake-model.js';
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
  ...GREEDY,
  maxTokens: 6,
  topLogprobs: 0,
};
const IMAGE: RequestMedia = { kind: 'image', bytes: Uint8Array.of(1) };
const chat = (value: string): ChatMessage[] => [
  { role: 'user', content: [{ type: 'text', text: value }] },
];
const imageOnly: ChatMessage[] = [{ role: 'user', content: [{ type: 'image' }] }];

async function run(
  media: RequestMedia[],
  conversations: Conversation[],
  model: FakeModel,
): Promise<{ events: EngineEvent[]; answers: Answer[] }> {
  const request: EngineRequest = { media, detail: 'auto', conversations, settings: SETTINGS };
  const events: EngineEvent[] = [];
  const { generate } = createRequestRunner(model, { memoryBytes: 0, caches: NO_CACHES });
  for await (const event of generate(request)) events.push(event);
  return { events, answers: events.flatMap((event) => (event.type === 'answer' ? [event] : [])) };
}

describe('runPipeline with a text-only model', () => {
  it('answers messages and continues raw texts', async () => {
    const model = await createFakeModel({ inputs: 'text' });

    const { events, answers } = await run([], [chat('Bon dia'), { rawText: 'Bon dia' }], model);

    expect(events[0]).toEqual({ type: 'media', media: [] });
    expect(answers.map(({ usage }) => usage.completionTokens)).toEqual([6, 6]);
  });

  it('refuses media before any model run', async () => {
    const model = await createFakeModel({ inputs: 'text' });

    await expect(run([IMAGE], [imageOnly], model)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      publicMessage: expect.stringContaining('no vision encoder') as string,
    });
    expect([model.mediaCalls, model.visionRuns, model.runs]).toEqual([[], [], []]);
  });

  it('refuses a reference to a missing image', async () => {
    const model = await createFakeModel({ inputs: 'text' });

    await expect(run([], [imageOnly], model)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

describe('runPipeline with a raw prompt', () => {
  it('prefills the BOS token and the ids of the text, without a chat template', async () => {
    const model = await createFakeModel();
    const text = 'Bon dia a tothom';

    const { answers } = await run([], [{ rawText: text }], model);

    const ids = model.tokenizer.encode(TaintedText.fromUser(text)).length;
    expect(answers[0]!.usage.promptTokens).toBe(1 + ids);
    expect(model.runs[0]).toBe(1 + ids);
  });

  it('preserves the leading space of a continuation and strips it from an empty prompt', async () => {
    const model = await createFakeModel();

    const { answers } = await run([], [{ rawText: 'Un gos' }, { rawText: '' }], model);

    const [middle, start] = answers.map(({ text, tokens }) => {
      const pieces = tokens!.map(({ id }) => model.tokenizer.pieceOf(id)).join('');
      expect(Buffer.from(tokens!.flatMap(({ bytes }) => bytes)).toString()).toBe(text);
      return { text, whole: pieces.replaceAll('▁', ' ') };
    });
    expect(middle!.whole).toMatch(/^ /);
    expect(middle!.text).toBe(middle!.whole);
    expect(start!.text).toBe(start!.whole.replace(/^ /, ''));
  });

  it('reuses the common prefix of two raw prompts', async () => {
    const model = await createFakeModel();
    const common = 'Bon dia a tothom que '.repeat(4);

    const { answers } = await run(
      [],
      [{ rawText: `${common}hi ha` }, { rawText: `${common}hi era` }],
      model,
    );

    expect(answers[1]!.usage.cachedTokens).toBe(32);
  });

  it('refuses token ids of media placeholders', async () => {
    const model = await createFakeModel();
    const { image } = model.tokenizer.media!;

    await expect(run([], [{ tokenIds: [3, image] }], model)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      message: expect.stringContaining(`the token id ${image}`) as string,
    });
  });

  it('refuses images, because raw text cannot reference them', async () => {
    const model = await createFakeModel();

    await expect(run([IMAGE], [{ rawText: '<image>' }], model)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      details: { kind: 'image', sent: 1, shown: 0 },
    });
    expect(model.mediaCalls).toEqual([]);
  });
});
