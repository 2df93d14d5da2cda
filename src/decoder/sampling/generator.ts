import type { Detokenizer } from '../../language/detokenizer.js';
import type { AnswerGrammar } from '../grammar/token-masks.js';
import {
  createLogitsProcessors,
  type ExcludedTokens,
  type LogitsSettings,
} from './logits-processors.js';
import { type SamplingSettings, createSampler } from './sampler.js';
import { createLoopDetector, createStopStringFilter, type StopText } from './stop-criteria.js';
import { rankStep, type StepLogprobs } from './token-logprobs.js';

/**
 * `stop`: a stop id or a stop string; `length`: maxTokens or the end of the context window; `repetition`: an exact
 * loop; `cancelled`: the signal aborted.
 */
export type FinishReason = 'stop' | 'length' | 'repetition' | 'cancelled';

/** The stop string or the token id that ended an answer; null for an end-of-text token, and for any other end. */
export type StopReason = string | number | null;

export interface GenerateOptions {
  /** Token ids of the prompt, one per position, for the logits processors. */
  readonly promptIds: readonly number[];
  readonly settings: SamplingSettings & LogitsSettings;
  readonly excluded: ExcludedTokens;
  /** End-of-text tokens of the model. */
  readonly eosIds: readonly number[];
  /** Tokens that end this answer, with their reason. */
  readonly stopIds: ReadonlyMap<number, StopReason>;
  /** They count from the token after `settings.minTokens`. */
  readonly stopStrings: readonly string[];
  readonly stopText: StopText;
  /** `ignore`: an exact loop does not end the answer. */
  readonly loops: 'end' | 'ignore';
  /** Limit of the answer in tokens, including the stop id. */
  readonly maxTokens: number;
  readonly detokenizer: Detokenizer;
  /** Top log-probabilities to report per step; undefined computes none. */
  readonly topLogprobs?: number | undefined;
  /** Whether the log-probabilities include those of the stop id. Default: false. */
  readonly reportsStopId?: boolean;
  /** Tokens outside it are not sampled. It applies after the logits processors. */
  readonly grammar?: AnswerGrammar | undefined;
}

export type GenerateEvent =
  /**
   * `ids` are the tokens since the previous event; some of their text may be held back. `logprobs` belong to the same
   * tokens, without the stop id by default, and are empty unless requested. The last text may be empty if tokens
   * remain to report.
   */
  | {
      readonly type: 'text-delta';
      readonly text: string;
      readonly ids: readonly number[];
      readonly logprobs: readonly StepLogprobs[];
    }
  /** The last event. `ids` are all tokens of the answer, including the stop id. */
  | {
      readonly type: 'done';
      readonly finishReason: FinishReason;
      readonly stopReason: StopReason;
      readonly ids: readonly number[];
    };

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
  readonly stopReason?: StopReason;
}

/**
 * The joined texts of the events are the decoded tokens without special tokens, up to a stop string. Each generator has
 * its own random state, so other sequences of the batch do not affect it.
 *
 * @throws INVALID_PARAMETER for settings out of range.
 */
export function createGenerator(options: GenerateOptions): Generator {
  const { detokenizer, grammar, maxTokens, topLogprobs, promptIds, stopIds, settings } = options;
  const sample = createSampler(settings);
  const processors = createLogitsProcessors(settings, options.excluded, {
    promptLength: promptIds.length,
    eosIds: options.eosIds,
    stopIds: [...stopIds.keys()],
  });
  /** Prompt and answer. */
  const allIds = processors.length > 0 ? [...promptIds] : [];
  const stopFilter = createStopStringFilter(options.stopStrings, options.stopText);
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

  const chooseId = (logits: Float32Array): number => {
    for (const apply of processors) apply(logits, allIds);
    grammar?.restrict(logits);
    const id = sample(logits);
    grammar?.accept(id);
    ids.push(id);
    if (processors.length > 0) allIds.push(id);
    return id;
  };

  /** Samples a token. A reason means that it is the last one. */
  const takeToken = (logits: Float32Array): TakenToken => {
    // Log-probabilities are those of the unmodified logits.
    const isChanged = topLogprobs !== undefined && (processors.length > 0 || grammar !== undefined);
    const modelLogits = isChanged ? logits.slice() : logits;
    const id = chooseId(logits);
    const stopReason = stopIds.get(id);
    if (topLogprobs !== undefined && (stopReason === undefined || options.reportsStopId)) {
      logprobs.push(rankStep(modelLogits, id, topLogprobs));
    }
    if (stopReason !== undefined) {
      const text = options.stopText === 'keep' ? detokenizer.push(id) : '';
      return { text, isCut: false, reason: 'stop', stopReason };
    }
    const text = detokenizer.push(id);
    const isRepeated = isLooping(id) && options.loops === 'end';
    if (ids.length <= settings.minTokens) return { text, isCut: false };
    const { text: shown, stop } = stopFilter.push(text);
    if (stop !== null) return { text: shown, isCut: true, reason: 'stop', stopReason: stop };
    return { text: shown, isCut: false, reason: isRepeated ? 'repetition' : undefined };
  };

  const finish = (
    reason: FinishReason,
    isCut: boolean,
    stopReason: StopReason = null,
  ): GenerateEvent[] => {
    isOver = true;
    let rest = '';
    const end = { finishReason: reason, stopReason };
    if (!isCut) {
      const last = stopFilter.push(detokenizer.end());
      rest = last.stop === null ? last.text + stopFilter.end() : last.text;
      if (last.stop !== null && reason !== 'cancelled') {
        end.finishReason = 'stop';
        end.stopReason = last.stop;
      }
    }
    return [...textDelta(rest, true), { type: 'done', ...end, ids }];
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
      const { text, isCut, reason, stopReason } = takeToken(logits);
      // The last token needs no position in the KV cache, because nothing is sampled after it.
      const isFull = ids.length >= maxTokens || remaining <= 0;
      const ending = reason ?? (isFull ? 'length' : undefined);
      return [...textDelta(text), ...(ending ? finish(ending, isCut, stopReason) : [])];
    },
    end: (reason) => (isOver ? [] : finish(reason, false)),
  };
}
