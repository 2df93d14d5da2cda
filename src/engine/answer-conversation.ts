import { generate } from '../decoder/generate.js';
import type { KvCache } from '../decoder/kv-cache.js';
import type { PromptEmbeddings } from '../decoder/splice-prompt.js';
import { createDetokenizer } from '../language/detokenizer.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import type { PipelineParts } from './pipeline-parts.js';
import type { Answer, EngineEvent, GenerationSettings } from './vision-language-engine.js';

export interface ConversationTask {
  /** Index into the request's conversations. */
  readonly conversation: number;
  readonly prompt: PromptEmbeddings;
  /** May hold the beginning of the prompt already. */
  readonly cache: KvCache;
  readonly settings: GenerationSettings;
}

/** Prefill, then decode steps until the answer ends. Yields text deltas and the answer, and returns it too. */
export async function* answerConversation(
  { conversation, prompt, cache, settings }: ConversationTask,
  { decoder, tokenizer, manifest }: Pick<PipelineParts, 'decoder' | 'tokenizer' | 'manifest'>,
  signal?: AbortSignal,
): AsyncGenerator<EngineEvent, Answer> {
  const startMs = performance.now();
  const rest = skipPositions(prompt.inputsEmbeds, cache.length); // [sequence - cached, hidden]
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
    detokenizer: createDetokenizer(tokenizer),
    signal,
  });
  let text = '';
  let firstTextMs: number | undefined;
  for await (const step of steps) {
    if (step.type === 'text-delta') {
      firstTextMs ??= performance.now();
      text += step.text;
      yield { type: 'text-delta', conversation, text: step.text };
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
        completionTokens: step.ids.length,
      },
      timings: {
        prefillMs: prefilledMs - startMs,
        decodeMs: endMs - prefilledMs,
        firstTokenMs: (firstTextMs ?? endMs) - startMs,
      },
    };
    yield { type: 'answer', ...answer };
    return answer;
  }
  throw new Error('The decoder ended without a reason.');
}

/** The rows from `start` on, without a copy. */
function skipPositions({ shape, data }: FloatTensor, start: number): FloatTensor {
  const [sequence = 0, hidden = 0] = shape;
  return createTensor([sequence - start, hidden], data.subarray(start * hidden));
}
