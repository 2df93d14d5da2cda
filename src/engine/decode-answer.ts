import type { Sequence } from '../decoder/decoder.js';
import {
  createGenerator,
  type GenerateEvent,
  type Generator,
} from '../decoder/sampling/generate.js';
import type { RankedId, StepLogprobs } from '../decoder/sampling/token-logprobs.js';
import { createDetokenizer, type TextPosition, tokenText } from '../language/detokenizer.js';
import type { Tokenizer } from '../language/tokenizer.js';
import type { PipelineModel } from './loaded-model.js';
import type { CacheKeyedPrompt } from './prompt-embeddings.js';
import { addDecodeStep, type RequestTimer } from './request-timings.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { Scheduler } from './scheduling/scheduler.js';
import type {
  Answer,
  EngineEvent,
  GenerationSettings,
  TokenLogprob,
} from './vision-language-engine.js';

export interface AnsweringTask {
  /** Index into the request's conversations. */
  readonly conversation: number;
  readonly prompt: CacheKeyedPrompt;
  /** Where the answer begins: a chat's at the start of a text, a raw prompt's in the middle of one. */
  readonly place: TextPosition;
  readonly settings: GenerationSettings;
  /** Has read the prompt. */
  readonly sequence: Sequence;
  /** Scores `[vocabulary]` of the first token. */
  readonly firstScores: Float32Array;
  readonly cachedTokens: number;
  /** Of this conversation, and when the first of its runs was asked for. */
  readonly times: RequestTimer;
  readonly startMs: number;
}

/** What answering takes, beside conversations. */
export interface Writer extends Pick<PipelineModel, 'decoder' | 'tokenizer' | 'manifest'> {
  readonly scheduler: Scheduler;
  readonly turns: RequestHandle;
  readonly emit: (event: EngineEvent) => void;
  /** Of the whole request. */
  readonly times: RequestTimer;
}

/**
 * Scores -> tokens -> text, one step after another until the answer ends. Emits text deltas, and the answer last; of one
 * that was cut short by the signal what there is.
 *
 * @throws the signal's reason when there is nothing yet; what the decoder and the sampler throw.
 */
export async function answerConversation(task: AnsweringTask, writer: Writer): Promise<void> {
  const { prompt, settings, sequence, firstScores, times } = task;
  const { decoder, tokenizer, manifest, scheduler, turns, emit } = writer;
  const generator = createGenerator({
    promptIds: prompt.textIds,
    settings,
    stopIds: manifest.tokens.eos,
    stopStrings: settings.stop,
    maxTokens: settings.maxTokens,
    detokenizer: createDetokenizer(tokenizer, task.place),
    topLogprobs: settings.topLogprobs,
  });
  const collector = createCollector(task, [times, writer.times], tokenizer, emit);
  const take = (scores: Float32Array): boolean => {
    collector.add(generator.take(scores, decoder.maxPositions - sequence.length));
    return !generator.isOver;
  };
  turns.signal.throwIfAborted();
  if (take(firstScores)) {
    await scheduler.decodeUntilDone(turns, {
      sequence,
      get nextId() {
        return nextIdOf(generator);
      },
      acceptLogits(scores, step) {
        addDecodeStep(step, [times, writer.times]);
        return take(scores);
      },
    });
  }
  collector.add(generator.end('cancelled'));
}

function nextIdOf({ nextId }: Generator): number {
  if (nextId === null) throw new RangeError('The answer has no token to go on with.');
  return nextId;
}

/** Puts an answer together from what its generator yields, and emits both. */
function createCollector(
  task: AnsweringTask,
  timers: readonly RequestTimer[],
  tokenizer: Tokenizer,
  emit: (event: EngineEvent) => void,
) {
  const { conversation, prompt, place, settings, times, startMs } = task;
  const isAskedForTokens = settings.topLogprobs !== undefined;
  const tokens: TokenLogprob[] = [];
  let text = '';

  function addDelta(delta: Extract<GenerateEvent, { type: 'text-delta' }>): void {
    for (const timer of timers) timer.firstTextAtMs ??= performance.now();
    text += delta.text;
    const added = delta.logprobs.map((one, index) =>
      describeStep(one, place === 'start' && tokens.length + index === 0, tokenizer),
    );
    tokens.push(...added);
    const event = { type: 'text-delta', conversation, text: delta.text } as const;
    emit(isAskedForTokens ? { ...event, tokens: added } : event);
  }

  function finish({ finishReason, ids }: Extract<GenerateEvent, { type: 'done' }>): void {
    const answer: Answer = {
      ...{ conversation, text, finishReason },
      usage: {
        promptTokens: prompt.length,
        imageTokens: prompt.mediaPositions,
        cachedTokens: task.cachedTokens,
        completionTokens: ids.length,
      },
      timings: {
        prefillMs: times.prefillMs,
        decodeMs: times.decodeMs,
        firstTokenMs: (times.firstTextAtMs ?? performance.now()) - startMs,
      },
      ...(isAskedForTokens && { tokens }),
    };
    emit({ type: 'answer', ...answer });
  }

  return {
    add(events: readonly GenerateEvent[]): void {
      for (const event of events) {
        if (event.type === 'text-delta') addDelta(event);
        else finish(event);
      }
    },
  };
}

function describeStep(step: StepLogprobs, isFirst: boolean, tokenizer: Tokenizer): TokenLogprob {
  const describe = ({ id, logprob }: RankedId) => ({
    id,
    ...tokenText(id, isFirst, tokenizer),
    logprob,
  });
  return { ...describe(step.sampled), top: step.top.map(describe) };
}
