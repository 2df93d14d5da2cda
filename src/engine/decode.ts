import {
  createGenerator,
  type GenerateEvent,
  type GenerateOptions,
  type Generator,
  type StopReason,
} from '../decoder/sampling/generator.js';
import { createDetokenizer } from '../language/detokenizer.js';
import { promptTokenIds } from './cache-keyed-prompt.js';
import type { PipelineModel } from './loaded-model.js';
import type { Prefill, PrefilledConversation } from './prefill.js';
import { createPromptScorer, describeEcho, toTokenLogprob } from './prompt-scores.js';
import { addDecodeStep, type RequestTimer } from './request-timings.js';
import { hashTokenIds } from './receipts/receipt.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { Scheduler } from './scheduling/scheduler.js';
import type {
  Answer,
  AnswerEvidence,
  Conversation,
  EngineEvent,
  GenerationSettings,
  PromptEcho,
  TokenLogprob,
} from './vision-language-engine.js';

/** State that the conversations of a request share while they decode. */
export interface DecodeContext extends Pick<
  PipelineModel,
  'decoder' | 'tokenizer' | 'manifest' | 'grammars'
> {
  readonly scheduler: Scheduler;
  readonly handle: RequestHandle;
  readonly settings: GenerationSettings;
  /** Whether the answers carry the evidence of a receipt. */
  readonly receipts: boolean;
  /** What the answers repeat of their prompts. Undefined: nothing. */
  readonly echo?: { readonly kind: PromptEcho; readonly conversations: readonly Conversation[] };
  /** Timer of the whole request. */
  readonly timer: RequestTimer;
  readonly emit: (event: EngineEvent) => void;
  /** Aborts the whole request. */
  readonly fail: (error: unknown) => void;
}

/**
 * Decodes the conversations of a request in the scheduler's batch. A conversation that ends makes room for the prefill
 * of the next one.
 *
 * @throws the error of the first conversation to fail, which aborts the others.
 */
export async function decodeConversations(prefill: Prefill, context: DecodeContext): Promise<void> {
  const { started, isShort } = prefill;
  const allStarted = isShort ? Promise.all(started) : undefined;
  const lanes = started.map(async (first) => {
    await allStarted;
    for (
      let conversation: typeof first | undefined = first;
      conversation;
      conversation = prefill.next()
    ) {
      const prefilled = await conversation;
      await decodeAnswer(prefilled, context);
      prefill.release(prefilled);
    }
  });
  try {
    await allOrNone(lanes, context.fail);
  } finally {
    await prefill.close();
  }
}

/** Waits until all promises have settled. The first error calls `fail`, which ends the others, and is thrown. */
async function allOrNone(
  promises: readonly Promise<void>[],
  fail: (error: unknown) => void,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const onError = (error: unknown) => {
    failure ??= { error };
    fail(error);
  };
  await Promise.all(promises.map((promise) => promise.catch(onError)));
  if (failure) throw failure.error;
}

/**
 * Logits -> tokens -> text, one decode step at a time until the answer ends. Emits text deltas and then the answer. A
 * cancelled answer is emitted with the text that it has.
 *
 * @throws the signal's reason if it aborted before the first token; errors of the decoder and the sampler.
 */
async function decodeAnswer(
  conversation: PrefilledConversation,
  context: DecodeContext,
): Promise<void> {
  const { prompt, sequence, firstLogits, timer, answerPosition } = conversation;
  const { decoder, grammars, tokenizer, manifest, scheduler, handle, settings } = context;
  const grammar = settings.answerFormat && (await grammars.compile(settings.answerFormat));
  const promptIds = promptTokenIds(prompt, manifest.vision?.tokens);
  const generator = createGenerator({
    promptIds,
    excluded: manifest.generation,
    eosIds: manifest.tokens.eos,
    ...stopCriteria(settings, { manifest, tokenizer }),
    ...{ settings, stopText: settings.stopText },
    // Receipts tell the log-probabilities of the tokens, not those of others.
    topLogprobs: settings.topLogprobs ?? (context.receipts ? 0 : undefined),
    maxTokens: settings.maxTokens,
    reportsStopId: context.echo !== undefined,
    detokenizer: createDetokenizer(tokenizer, answerPosition),
    grammar: grammar?.start(),
  });
  const timers = [timer, context.timer];
  const promptSha256 = context.receipts ? hashTokenIds(promptIds) : undefined;
  const scorer =
    context.echo?.kind === 'logprobs'
      ? createPromptScorer(promptIds, settings.topLogprobs ?? 0)
      : null;
  const echoed = context.echo?.conversations[conversation.index];
  const describePrompt =
    echoed && (() => describeEcho(echoed, promptIds, scorer?.steps ?? [], tokenizer));
  const collector = createAnswerCollector(conversation, timers, {
    ...{ ...context, promptSha256, describePrompt },
  });
  const acceptLogits = (logits: Float32Array): boolean => {
    // Without an answer, the last prompt token needs no decode step.
    if (scorer?.acceptLogits(logits) && (!scorer.isDone || settings.maxTokens > 0)) return true;
    collector.add(
      settings.maxTokens === 0
        ? generator.end('length')
        : generator.acceptLogits(logits, decoder.maxPositions - sequence.length),
    );
    return !generator.isOver;
  };
  handle.signal.throwIfAborted();
  if (acceptLogits(firstLogits)) {
    await scheduler.decodeUntilDone(handle, {
      sequence,
      get nextId() {
        return generator.nextId ?? scorer?.nextId ?? nextIdOf(generator);
      },
      acceptLogits(logits, step) {
        addDecodeStep(step, timers);
        return acceptLogits(logits);
      },
    });
  }
  collector.add(generator.end('cancelled'));
}

/**
 * The tokens and strings that end an answer. A control token has no text in the answer, so a stop string that spells
 * one becomes a stop token.
 */
function stopCriteria(
  { stop, stopTokenIds, endOfText }: GenerationSettings,
  { manifest, tokenizer }: Pick<DecodeContext, 'manifest' | 'tokenizer'>,
): Pick<GenerateOptions, 'stopIds' | 'stopStrings' | 'loops'> {
  const stopIds = new Map<number, StopReason>();
  const stopStrings: string[] = [];
  for (const text of [...manifest.generation.stopStrings, ...stop]) {
    const id = [...tokenizer.controlIds].find((each) => tokenizer.pieceOf(each) === text);
    if (id === undefined) stopStrings.push(text);
    else stopIds.set(id, text);
  }
  for (const id of stopTokenIds) stopIds.set(id, id);
  if (endOfText === 'ignore') return { stopIds, stopStrings, loops: 'ignore' };
  for (const id of manifest.tokens.eos) stopIds.set(id, null);
  return { stopIds, stopStrings, loops: 'end' };
}

function nextIdOf({ nextId }: Generator): number {
  if (nextId === null) throw new RangeError('The answer is over, so it has no next token.');
  return nextId;
}

/** Emits the generator's events as engine events and assembles the answer. */
function createAnswerCollector(
  conversation: PrefilledConversation,
  timers: readonly RequestTimer[],
  {
    settings,
    tokenizer,
    emit,
    promptSha256,
    describePrompt,
  }: Pick<DecodeContext, 'settings' | 'tokenizer' | 'emit'> & {
    readonly promptSha256: string | undefined;
    readonly describePrompt: (() => Answer['prompt']) | undefined;
  },
) {
  const { index, prompt, answerPosition, timer, startMs, cachedTokens } = conversation;
  const wantsTokens = settings.topLogprobs !== undefined;
  const tokens: TokenLogprob[] = [];
  const logprobs: number[] = [];
  let text = '';

  function addDelta(delta: Extract<GenerateEvent, { type: 'text-delta' }>): void {
    for (const entry of timers) entry.firstTextAtMs ??= performance.now();
    text += delta.text;
    for (const { sampled } of delta.logprobs) logprobs.push(sampled.logprob);
    if (!wantsTokens) {
      // A last delta without text only reports the tokens of a stop string.
      if (delta.text !== '') emit({ type: 'text-delta', conversation: index, text: delta.text });
      return;
    }
    const added = delta.logprobs.map((step, offset) =>
      toTokenLogprob(step, answerPosition === 'start' && tokens.length + offset === 0, tokenizer),
    );
    tokens.push(...added);
    emit({ type: 'text-delta', conversation: index, text: delta.text, tokens: added });
  }

  function finish({
    finishReason,
    stopReason,
    ids,
  }: Extract<GenerateEvent, { type: 'done' }>): void {
    const repeated = describePrompt?.();
    const answer: Answer = {
      ...{ conversation: index, text, finishReason, stopReason },
      usage: {
        promptTokens: prompt.length,
        imageTokens: prompt.mediaPositions,
        cachedTokens,
        completionTokens: ids.length,
      },
      timings: {
        prefillMs: timer.prefillMs,
        decodeMs: timer.decodeMs,
        firstTokenMs: (timer.firstTextAtMs ?? performance.now()) - startMs,
      },
      ...(wantsTokens && { tokens }),
      ...(repeated && { prompt: repeated }),
      ...(promptSha256 !== undefined && { evidence: { promptSha256, ...summarize(logprobs) } }),
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

function summarize(logprobs: readonly number[]): Omit<AnswerEvidence, 'promptSha256'> {
  if (logprobs.length === 0) return { meanLogprob: null, minLogprob: null };
  const sum = logprobs.reduce((total, logprob) => total + logprob, 0);
  // Not Math.min(...logprobs): an answer may have more tokens than a call arguments.
  const minLogprob = logprobs.reduce((least, logprob) => Math.min(least, logprob), 0);
  return { meanLogprob: sum / logprobs.length, minLogprob };
}
