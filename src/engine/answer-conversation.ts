import { generate } from '../decoder/generate.js';
import type { KvCache } from '../decoder/kv-cache.js';
import type { PromptEmbeddings } from '../decoder/splice-prompt.js';
import type { RankedId, StepLogprobs } from '../decoder/token-logprobs.js';
import { createDetokenizer, type TextPlace } from '../language/detokenizer.js';
import { tokenText } from '../language/token-text.js';
import type { Tokenizer } from '../language/tokenizer.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import type { PipelineParts } from './pipeline-parts.js';
import type {
  Answer,
  EngineEvent,
  GenerationSettings,
  TokenLogprob,
} from './vision-language-engine.js';

export interface ConversationTask {
  /** Index into the request's conversations. */
  readonly conversation: number;
  readonly prompt: PromptEmbeddings;
  /** Where the answer begins: a chat's at the start of a text, a raw prompt's in the middle of one. */
  readonly place: TextPlace;
  /** May hold the beginning of the prompt already. */
  readonly cache: KvCache;
  readonly settings: GenerationSettings;
}

/** Prefill, then decode steps until the answer ends. Yields text deltas and the answer, and returns it too. */
export async function* answerConversation(
  { conversation, prompt, place, cache, settings }: ConversationTask,
  { decoder, tokenizer, manifest }: Pick<PipelineParts, 'decoder' | 'tokenizer' | 'manifest'>,
  signal?: AbortSignal,
): AsyncGenerator<EngineEvent, Answer> {
  const startMs = performance.now();
  const cachedTokens = cache.length;
  const rest = skipPositions(prompt.inputsEmbeds, cachedTokens); // [sequence - cached, hidden]
  const firstLogits = await decoder.prefill(rest, cache, signal); // [vocabulary]
  const prefilledMs = performance.now();

  const steps = generate({
    decoder,
    cache,
    firstLogits,
    promptIds: prompt.textIds,
    settings,
    stopIds: manifest.tokens.eos,
    stopStrings: settings.stop,
    maxTokens: settings.maxTokens,
    detokenizer: createDetokenizer(tokenizer, place),
    topLogprobs: settings.topLogprobs,
    signal,
  });
  let text = '';
  let firstTextMs: number | undefined;
  const tokens: TokenLogprob[] = [];
  const isAskedForTokens = settings.topLogprobs !== undefined;
  for await (const step of steps) {
    if (step.type === 'text-delta') {
      firstTextMs ??= performance.now();
      text += step.text;
      const added = step.logprobs.map((one, index) =>
        describeStep(one, place === 'start' && tokens.length + index === 0, tokenizer),
      );
      tokens.push(...added);
      const delta = { type: 'text-delta', conversation, text: step.text } as const;
      yield isAskedForTokens ? { ...delta, tokens: added } : delta;
      continue;
    }
    const endMs = performance.now();
    const answer: Answer = {
      conversation,
      text,
      finishReason: step.finishReason,
      usage: {
        promptTokens: prompt.inputsEmbeds.shape[0] ?? 0,
        imageTokens: prompt.placeholders.reduce((total, { length }) => total + length, 0),
        cachedTokens,
        completionTokens: step.ids.length,
      },
      timings: {
        prefillMs: prefilledMs - startMs,
        decodeMs: endMs - prefilledMs,
        firstTokenMs: (firstTextMs ?? endMs) - startMs,
      },
      ...(isAskedForTokens && { tokens }),
    };
    yield { type: 'answer', ...answer };
    return answer;
  }
  throw new Error('The decoder ended without a reason.');
}

function describeStep(step: StepLogprobs, isFirst: boolean, tokenizer: Tokenizer): TokenLogprob {
  const describe = ({ id, logprob }: RankedId) => ({
    id,
    ...tokenText(id, isFirst, tokenizer),
    logprob,
  });
  return { ...describe(step.sampled), top: step.top.map(describe) };
}

/** The rows from `start` on, without a copy. */
function skipPositions({ shape, data }: FloatTensor, start: number): FloatTensor {
  const [sequence = 0, hidden = 0] = shape;
  return createTensor([sequence - start, hidden], data.subarray(start * hidden));
}
