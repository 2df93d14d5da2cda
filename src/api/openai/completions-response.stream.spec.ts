import type { EngineEvent, TokenLogprob } from '../../engine/vision-language-engine.js';
import { withOutcome } from '../../engine/collect-outcome.js';
import { createCompletionsFormat } from './completions-response.js';

const HEADER = { id: 'cmpl-1', created: 0, model: 'fake', system_fingerprint: 'fp' };

function token(text: string): TokenLogprob {
  const ranked = { id: 1, text, bytes: [...Buffer.from(text)], logprob: -1 };
  return { ...ranked, top: [ranked] };
}

const delta = (conversation: number, text: string): EngineEvent => ({
  ...{ type: 'text-delta', conversation, text, tokens: [token(text)] },
});

function answer(conversation: number, texts: readonly string[]): EngineEvent {
  return {
    ...{
      type: 'answer',
      conversation,
      text: texts.join(''),
      finishReason: 'stop',
      stopReason: null,
    },
    usage: { promptTokens: 1, imageTokens: 0, cachedTokens: 0, completionTokens: 1 },
    timings: { prefillMs: 1, decodeMs: 1, firstTokenMs: 1 },
    tokens: texts.map(token),
  };
}

interface Chunk {
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly logprobs: { readonly tokens: string[]; readonly text_offset: number[] } | null;
  }[];
}

it('separates the tokens and offsets of concurrent choices', async () => {
  const media = { mediaDecodeMs: 0, tileMs: 0, encodeMs: 0 };
  const timings = { queueMs: 0, ...media, prefillMs: 1, decodeMs: 1 };
  async function* events(): AsyncGenerator<EngineEvent> {
    yield* [delta(0, 'Bon'), delta(1, 'Egun'), delta(0, ' dia'), answer(1, ['Egun', ' on'])];
    yield* [answer(0, ['Bon', ' dia', '!'])];
    yield await Promise.resolve({
      type: 'done',
      timings: { ...timings, firstTokenMs: 1, totalMs: 2 },
    } as const);
  }
  const format = createCompletionsFormat(HEADER, false);
  const messages = [];
  for await (const event of withOutcome(events())) messages.push(...format.toMessages(event));
  const choices = messages
    .filter(({ data }) => data !== '[DONE]')
    .flatMap(({ data }) => (JSON.parse(data) as Chunk).choices);

  const actual = choices.map(({ index, logprobs }) => [
    index,
    logprobs?.tokens,
    logprobs?.text_offset,
  ]);
  expect(actual).toEqual([
    [0, ['Bon'], [0]],
    [1, ['Egun'], [0]],
    [0, [' dia'], [3]],
    [1, [' on'], [4]],
    [0, ['!'], [7]],
  ]);
});
