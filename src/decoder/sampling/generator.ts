import type { Detokenizer } from '../../language/detokenizer.js';
import { createLogitsProcessors } from './logits-processors.js';
import { type SamplingSettings, createSampler } from './sampler.js';
import { createLoopDetector, createStopStringFilter } from './stop-criteria.js';
import { rankStep, type StepLogprobs } from './token-logprobs.js';

/**
 * `stop`: a stop id or a stop string; `length`: maxTokens or the end of the context window; `repetition`: an exact
 * loop; `cancelled`: the signal aborted.
 */
export type FinishReason = 'stop' | 'length' | 'repetition' | 'cancelled';

export interface GenerateOptions {
  /** Text ids of the prompt, which the repetition penalty counts as seen. */
  readonly promptIds: readonly number[];
  readonly settings: SamplingSettings;
  readonly stopIds: readonly number[];
  readonly stopStrings: readonly string[];
  /** Limit of the answer in tokens, including the stop id. */
  readonly maxTokens: number;
  readonly detokenizer: Detokenizer;
  /** Top log-probabilities to report per step; undefined computes none. */
  readonly topLogprobs?: number | undefined;
}

export type GenerateEvent =
  /**
   * `ids` are the tokens since the previous event; some of their text may be held back. `logprobs` belong to the same
   * tokens, without the stop id, and are empty unless requested. The last text may be empty if tokens remain to report.
   */
  | {
      readonly type: 'text-delta';
      readonly text: string;
      readonly ids: readonly number[];
      readonly logprobs: readonly StepLogprobs[];
    }
  /** The last event. `ids` are all tokens of the answer, including the stop id. */
  | { readonly type: 'done'; readonly finishReason: FinishReason; readonly ids: readonly number[] };

/** Turns logits into an answer, one token at a time. The caller runs the decoder with `nextId`. */
export interface Generator {
  /** Input of the next decode step; null before the first token and after the last. */
  readonly nextId: number | null;
  /** Whether `done` was returned. */
  readonly isOver: boolean;
  /**
   * Samples a token.
   *
   * @param logits `[vocabulary]`, modified in place by processors.
   * @param remaining free positions of the context window; at 0 this token is the last.
   * @throws INTERNAL if no logit is finite.
   */
  acceptLogits(logits: Float32Array, remaining: number): GenerateEvent[];
  /** Ends the answer after the present token. */
  end(reason: FinishReason): GenerateEvent[];
}

interface TakenToken {
  /** Text that this token released. */
  readonly text: string;
  /** A stop string ended the text, so the rest of the detokenizer's buffer is discarded. */
  readonly isCut: boolean;
  readonly reason?: FinishReason | undefined;
}

/**
 * The joined texts of the events are the decoded tokens up to a stop string, without the stop string and special
 * tokens. Each generator has its own random state, so other sequences of the batch do not affect it.
 *
 * @throws INVALID_PARAMETER for settings out of range.
 */
export function createGenerator(options: GenerateOptions): Generator {
  const { detokenizer, maxTokens, topLogprobs } = options;
  const sample = createSampler(options.settings);
  const processors = createLogitsProcessors(options.settings);
  const seen = new Set(options.promptIds);
  const stopIds = new Set(options.stopIds);
  const stopFilter = createStopStringFilter(options.stopStrings);
  const isLooping = createLoopDetector();
  const ids: number[] = [];
  let reported = 0;
  let logprobs: StepLogprobs[] = [];
  let isOver = false;

  const textDelta = (text: string, isLast = false): GenerateEvent[] => {
    if (text === '' && !(isLast && logprobs.length > 0)) return [];
    const event: GenerateEvent = { type: 'text-delta', text, ids: ids.slice(reported), logprobs };
    reported = ids.length;
    logprobs = [];
    return [event];
  };

  /** Samples a token. A reason means that it is the last one. */
  const takeToken = (logits: Float32Array): TakenToken => {
    // Log-probabilities are those of the unmodified logits.
    const isChanged = topLogprobs !== undefined && processors.length > 0;
    const modelLogits = isChanged ? logits.slice() : logits;
    for (const apply of processors) apply(logits, seen);
    const id = sample(logits);
    ids.push(id);
    seen.add(id);
    if (stopIds.has(id)) return { text: '', isCut: false, reason: 'stop' };
    if (topLogprobs !== undefined) logprobs.push(rankStep(modelLogits, id, topLogprobs));
    const { text, isStopped } = stopFilter.push(detokenizer.push(id));
    if (isStopped) return { text, isCut: true, reason: 'stop' };
    return { text, isCut: false, reason: isLooping(id) ? 'repetition' : undefined };
  };

  const finish = (reason: FinishReason, isCut: boolean): GenerateEvent[] => {
    isOver = true;
    let rest = '';
    let finishReason = reason;
    if (!isCut) {
      const last = stopFilter.push(detokenizer.end());
      rest = last.isStopped ? last.text : last.text + stopFilter.end();
      if (last.isStopped && reason !== 'cancelled') finishReason = 'stop';
    }
    return [...textDelta(rest, true), { type: 'done', finishReason, ids }];
  };

  return {
    get nextId() {
      return isOver ? null : (ids.at(-1) ?? null);
    },
    get isOver() {
      return isOver;
    },
    acceptLogits(logits, remaining) {
      if (isOver) return [];
      if (maxTokens <= 0) return finish('length', false);
      const { text, isCut, reason } = takeToken(logits);
      // The last token needs no position in the KV cache, because nothing is sampled after it.
      const isFull = ids.length >= maxTokens || remaining <= 0;
      const ending = reason ?? (isFull ? 'length' : undefined);
      return [...textDelta(text), ...(ending ? finish(ending, isCut) : [])];
    },
    end: (reason) => (isOver ? [] : finish(reason, false)),
  };
}
