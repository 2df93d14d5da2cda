import type { Detokenizer } from '../../language/detokenizer.js';
import { createLogitsProcessors } from './logits-processors.js';
import { type SamplingSettings, createSampler } from './sampler.js';
import { createLoopDetector, createStopStringFilter } from './stop-criteria.js';
import { rankStep, type StepLogprobs } from './token-logprobs.js';

/**
 * `stop`: a stop id or a stop string; `length`: maxTokens or the end of the context; `repetition`: the model went round
 * in circles; `cancelled`: the signal.
 */
export type FinishReason = 'stop' | 'length' | 'repetition' | 'cancelled';

export interface GenerateOptions {
  /** Text ids of the prompt: a repetition penalty counts them as seen. */
  readonly promptIds: readonly number[];
  readonly settings: SamplingSettings;
  readonly stopIds: readonly number[];
  readonly stopStrings: readonly string[];
  /** Most ids of the answer, the stop id included. */
  readonly maxTokens: number;
  readonly detokenizer: Detokenizer;
  /** How many likeliest ids to report at each step; undefined: no probabilities are computed. */
  readonly topLogprobs?: number | undefined;
}

export type GenerateEvent =
  /**
   * `ids` are those sampled since the event before: some of their text may still be held back. `logprobs` are theirs,
   * without the stop id; empty unless asked for. The last text may be empty where ids are left to report.
   */
  | {
      readonly type: 'text-delta';
      readonly text: string;
      readonly ids: readonly number[];
      readonly logprobs: readonly StepLogprobs[];
    }
  /** `ids` are all of the answer's, the stop id included. Nothing follows. */
  | { readonly type: 'done'; readonly finishReason: FinishReason; readonly ids: readonly number[] };

/** Makes an answer of scores, one token after another. Whoever runs the decoder asks it what to read next. */
export interface Generator {
  /** The token to read for the next scores; null before the first ones, and once the answer is over. */
  readonly nextId: number | null;
  /** Nothing more is taken: the last event was `done`. */
  readonly isOver: boolean;
  /**
   * Chooses a token.
   *
   * @param logits `[vocabulary]`; processors change them in place.
   * @param room positions that the context has left: none, and this token is the last.
   * @throws INTERNAL when no score is a number.
   */
  take(logits: Float32Array, room: number): GenerateEvent[];
  /** Ends the answer where it is. */
  end(reason: FinishReason): GenerateEvent[];
}

interface TakenToken {
  /** Text that became certain with this token. */
  readonly text: string;
  /** A stop string ended the text: what the detokenizer still holds lies behind it. */
  readonly isCut: boolean;
  readonly reason?: FinishReason | undefined;
}

/**
 * The texts of a generator's events, joined, are the decoded ids up to a stop string; the stop string itself and special
 * tokens are not shown. Its random numbers are its own, so what else is answered beside it makes no difference.
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

  /** Chooses a token; with a reason when nothing is to follow it. */
  const takeToken = (logits: Float32Array): TakenToken => {
    // Processors write into the scores, and the probabilities are those of the model itself.
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
    take(logits, room) {
      if (isOver) return [];
      if (maxTokens <= 0) return finish('length', false);
      const { text, isCut, reason } = takeToken(logits);
      // The last token needs no place in the cache, since nothing is sampled after it.
      const isFull = ids.length >= maxTokens || room <= 0;
      const ending = reason ?? (isFull ? 'length' : undefined);
      return [...textDelta(text), ...(ending ? finish(ending, isCut) : [])];
    },
    end: (reason) => (isOver ? [] : finish(reason, false)),
  };
}
