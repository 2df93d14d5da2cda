import type { Detokenizer } from '../language/detokenizer.js';
import type { Decoder } from './decoder.js';
import type { KvCache } from './kv-cache.js';
import { createLogitsProcessors } from './logits-processors.js';
import type { SamplingSettings } from './sampler.js';
import { createSampler } from './sampler.js';
import { createLoopDetector, createStopStringFilter } from './stop-criteria.js';
import { rankStep, type StepLogprobs } from './token-logprobs.js';

/**
 * `stop`: a stop id or a stop string; `length`: maxTokens or the end of the context; `repetition`: the model went round
 * in circles; `cancelled`: the signal.
 */
export type FinishReason = 'stop' | 'length' | 'repetition' | 'cancelled';

export interface GenerateOptions {
  readonly decoder: Decoder;
  /** Filled by the prefill; grows with the answer. */
  readonly cache: KvCache;
  /** What the prefill returned. Processors change it in place. */
  readonly firstLogits: Float32Array;
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
  /** Checked before every step. */
  readonly signal?: AbortSignal | undefined;
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

interface TakenToken {
  readonly id: number;
  /** Text that became certain with this token. */
  readonly text: string;
  /** A stop string ended the text: what the detokenizer still holds lies behind it. */
  readonly isCut: boolean;
  readonly reason?: FinishReason | undefined;
}

/**
 * Answers token by token. The texts of the events, joined, are the decoded ids up to a stop string; the stop string
 * itself and special tokens are not shown.
 *
 * @throws INVALID_PARAMETER for settings out of range; whatever a decode step throws.
 */
export async function* generate(
  options: GenerateOptions,
): AsyncGenerator<GenerateEvent, undefined> {
  const { decoder, cache, detokenizer, maxTokens, topLogprobs, signal } = options;
  const sample = createSampler(options.settings);
  const processors = createLogitsProcessors(options.settings);
  const seen = new Set(options.promptIds);
  const stopIds = new Set(options.stopIds);
  const stopFilter = createStopStringFilter(options.stopStrings);
  const isLooping = createLoopDetector();
  const ids: number[] = [];
  let reported = 0;
  let logprobs: StepLogprobs[] = [];

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
    if (stopIds.has(id)) return { id, text: '', isCut: false, reason: 'stop' };
    if (topLogprobs !== undefined) logprobs.push(rankStep(modelLogits, id, topLogprobs));
    const { text, isStopped } = stopFilter.push(detokenizer.push(id));
    if (isStopped) return { id, text, isCut: true, reason: 'stop' };
    return { id, text, isCut: false, reason: isLooping(id) ? 'repetition' : undefined };
  };

  let logits = options.firstLogits;
  let isCut = false;
  let finishReason: FinishReason | undefined = maxTokens > 0 ? undefined : 'length';
  while (!finishReason) {
    if (signal?.aborted) {
      finishReason = 'cancelled';
      continue;
    }
    const taken = takeToken(logits);
    isCut = taken.isCut;
    yield* textDelta(taken.text);
    // The last token needs no place in the cache, since nothing is sampled after it.
    const isFull = ids.length >= maxTokens || cache.length >= decoder.maxPositions;
    finishReason = taken.reason ?? (isFull ? 'length' : undefined);
    if (!finishReason && !signal?.aborted) logits = await decoder.decodeStep(taken.id, cache);
  }

  let rest = '';
  if (!isCut) {
    const last = stopFilter.push(detokenizer.end());
    rest = last.isStopped ? last.text : last.text + stopFilter.end();
    if (last.isStopped && finishReason !== 'cancelled') finishReason = 'stop';
  }
  yield* textDelta(rest, true);
  yield { type: 'done', finishReason, ids };
}
