import type { EngineCaches } from '../cache/engine-caches.js';
import type { Sequence } from '../decoder/decoder.js';
import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import { chunkLength, MIN_UNCACHED_TOKENS } from '../decoder/prefill-chunks.js';
import type { TextPosition } from '../language/token-decoders.js';
import type { FloatTensor } from '../tensor/tensor.js';
import {
  type CacheKeyedPrompt,
  embedPositions,
  firstPositions,
  toCacheKeyedPrompt,
} from './cache-keyed-prompt.js';
import type { PipelineModel } from './loaded-model.js';
import type { RequestPlan } from './plan-request.js';
import { featureKeys, type PreparedMedia } from './prepare-media.js';
import { alignedSharedPrefix, answerPosition, commonPrefixLength } from './prompts.js';
import { createTimer, type RequestTimer } from './request-timings.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { ScheduleRun } from './scheduling/scheduler.js';
import type { Conversation } from './vision-language-engine.js';

interface KeyedConversation {
  readonly prompt: CacheKeyedPrompt;
  readonly answerPosition: TextPosition;
}

/** The conversations of a request after the prefix cache look-up. */
export interface CachedPrompts {
  readonly conversations: readonly KeyedConversation[];
  /** Positions at the start of all prompts that are prefilled once. */
  readonly sharedLength: number;
  /** The part of them that the prefix cache has. */
  readonly cachedPrefix: KvPrefix | undefined;
  /** Media whose features prefill needs; empty if the cached prefix covers all of them. */
  readonly uncachedMedia: readonly PreparedMedia[];
}

/** Keys the prompts of a request by their content and finds the longest cached prefix. */
export async function lookUpPrefix(
  { prompts, commonPrefix }: RequestPlan,
  conversations: readonly Conversation[],
  media: readonly PreparedMedia[],
  caches: Pick<EngineCaches, 'prefixes'>,
): Promise<CachedPrompts> {
  const keys = featureKeys(media);
  const keyed = prompts.map((segments, index) => ({
    prompt: toCacheKeyedPrompt(segments, keys),
    answerPosition: answerPosition(conversations[index] ?? []),
  }));
  const visualTokens = {
    image: keys.image.map((item) => item.visualTokens),
    video: keys.video.map((item) => item.visualTokens),
  };
  const sharedLength = alignedSharedPrefix(commonPrefixLength(commonPrefix, visualTokens));
  const [first] = keyed;
  // `longest` leaves out the last MIN_UNCACHED_TOKENS positions. With these added, all shared positions may be cached.
  const cachedPrefix =
    first &&
    (await caches.prefixes.longest(
      firstPositions(first.prompt.segments, sharedLength + MIN_UNCACHED_TOKENS),
    ));
  const isCovered = keyed.every(({ prompt }) => prompt.mediaEnd <= (cachedPrefix?.length ?? 0));
  const uncachedMedia = cachedPrefix && isCovered ? [] : media;
  return { conversations: keyed, sharedLength, cachedPrefix, uncachedMedia };
}

export interface PrefillContext extends Pick<PipelineModel, 'decoder' | 'tokenEmbeddings'> {
  /** Image and video features by key, `[visualTokens, hidden]`. */
  readonly features: ReadonlyMap<string, FloatTensor>;
  readonly caches: Pick<EngineCaches, 'prefixes'>;
  readonly handle: RequestHandle;
  /** Schedules runs and adds their time to the timer and to the request's own. */
  readonly scheduleFor: (timer: RequestTimer) => ScheduleRun;
}

/** A conversation whose prompt is in the KV cache. */
export interface PrefilledConversation extends KeyedConversation {
  /** Index into the request's conversations. */
  readonly index: number;
  readonly sequence: Sequence;
  /** Logits of the token after the prefilled ones, `[vocabulary]`. */
  readonly firstLogits: Float32Array;
  /** Prompt tokens that came from the prefix cache or from the shared prefix. */
  readonly cachedTokens: number;
  readonly timer: RequestTimer;
  /** `performance.now()` when the prefill of this conversation was scheduled. */
  readonly startMs: number;
}

/** How a request prefills. */
export interface PrefillOptions {
  /** Sequences that the reservation allows at once. */
  readonly sequences: number;
  readonly maxTokens: number;
  /** `first-token`: decode steps append the rest of each prompt, so that every position has logits. Default: `end`. */
  readonly until?: 'end' | 'first-token';
}

/** Conversations in the order of their prefill. */
export interface Prefill {
  /** Prefills under way, one for each sequence that the reservation allows. */
  readonly started: readonly Promise<PrefilledConversation>[];
  /** Whether decoding should wait for all started prefills, because the remainders are short. */
  readonly isShort: boolean;
  /** Starts the prefill of the next conversation; undefined after the last one. */
  next(): Promise<PrefilledConversation> | undefined;
  /** Frees the KV cache of a decoded conversation. */
  release(conversation: PrefilledConversation): void;
  /** Waits for started prefills and frees every sequence that is still open. */
  close(): Promise<void>;
}

/**
 * Prefills the shared prefix once, then starts the remainders of the first `sequences` conversations. Prefill runs in
 * chunks between decode steps of other requests.
 *
 * @throws the decoder's errors; the signal's reason.
 */
export async function prefillConversations(
  { conversations, sharedLength, cachedPrefix }: CachedPrompts,
  { sequences, maxTokens, until = 'end' }: PrefillOptions,
  context: PrefillContext,
): Promise<Prefill> {
  const { decoder } = context;
  const open = new Set<Sequence>();
  const startMs = performance.now();
  // The first conversation is charged for the shared prefix.
  const firstTimer = createTimer();
  const [first] = conversations;
  const isSingle = conversations.length === 1;
  const prefix =
    isSingle || !first
      ? cachedPrefix
      : await prefillSharedPrefix(
          first.prompt,
          sharedLength,
          cachedPrefix,
          context,
          context.scheduleFor(firstTimer),
        );

  async function prefillOne(index: number): Promise<PrefilledConversation> {
    const conversation = conversations[index];
    if (!conversation) throw new RangeError(`Conversation ${index} does not exist.`);
    const { prompt } = conversation;
    const isFirst = index === 0;
    const timer = isFirst ? firstTimer : createTimer();
    const ownStartMs = isFirst ? startMs : performance.now();
    const maxLength = Math.min(prompt.length + maxTokens, decoder.maxPositions);
    const sequence = decoder.createSequence(prefix ?? undefined, maxLength);
    open.add(sequence);
    const cachedTokens = isFirst ? (cachedPrefix?.length ?? 0) : sequence.length;
    const target = { sequence, prompt };
    const schedule = context.scheduleFor(timer);
    const firstLogits =
      until === 'first-token'
        ? await prefillFirstToken(target, context, schedule)
        : await prefillRemainder(target, isSingle ? 'cache' : 'skip', context, schedule);
    return {
      ...conversation,
      index,
      sequence,
      firstLogits,
      cachedTokens,
      timer,
      startMs: ownStartMs,
    };
  }

  const started = conversations.slice(0, sequences).map((_, index) => prefillOne(index));
  for (const prefill of started) prefill.catch(() => undefined);
  let nextIndex = started.length;
  const remainder = conversations.reduce(
    (sum, { prompt }) => sum + prompt.length - sharedLength,
    0,
  );
  return {
    started,
    // One more prefill chunk at most; starting early would cost a decode step for each sequence.
    isShort: until === 'first-token' || remainder <= decoder.longestChunk,
    next() {
      if (nextIndex >= conversations.length) return undefined;
      context.handle.signal.throwIfAborted();
      return prefillOne(nextIndex++);
    },
    release({ sequence }) {
      open.delete(sequence);
      decoder.close(sequence);
    },
    async close() {
      await Promise.allSettled(started);
      for (const sequence of open) decoder.close(sequence);
    },
  };
}

/**
 * Prefills the first positions of a prompt for several conversations to continue from.
 *
 * @param cachedPrefix the part of them that is cached already.
 * @returns the keys and values of these positions; null for no positions.
 */
async function prefillSharedPrefix(
  prompt: CacheKeyedPrompt,
  positions: number,
  cachedPrefix: KvPrefix | undefined,
  context: PrefillContext,
  schedule: ScheduleRun,
): Promise<KvPrefix | null> {
  const { decoder, caches, handle } = context;
  if (positions === 0) return null;
  if (cachedPrefix?.length === positions) return cachedPrefix;
  const lengths = lengthsToCache(prompt, positions, context);
  const sequence = decoder.createSequence(cachedPrefix, positions);
  try {
    await prefillTo(positions, { sequence, prompt }, context, schedule);
    handle.signal.throwIfAborted();
    const prefix = decoder.snapshotPrefix(sequence, positions);
    for (const length of lengths) {
      const snapshot = length === positions ? prefix : decoder.snapshotPrefix(sequence, length);
      caches.prefixes.add(prompt.segments, snapshot);
    }
    return prefix;
  } finally {
    decoder.close(sequence);
  }
}

/** A prompt and the sequence that holds its keys and values. */
interface PromptSequence {
  readonly sequence: Sequence;
  readonly prompt: CacheKeyedPrompt;
}

/** Prefills the rest of a prompt. @returns logits of the first token, `[vocabulary]`. */
async function prefillRemainder(
  target: PromptSequence,
  caching: 'cache' | 'skip',
  context: PrefillContext,
  schedule: ScheduleRun,
): Promise<Float32Array> {
  const { decoder, caches } = context;
  const { sequence, prompt } = target;
  const lengths = caching === 'cache' ? lengthsToCache(prompt, prompt.length - 1, context) : [];
  const logits = await prefillTo(prompt.length, target, context, schedule);
  for (const length of lengths) {
    caches.prefixes.add(prompt.segments, decoder.snapshotPrefix(sequence, length));
  }
  if (!logits) throw new RangeError('The sequence already contains the whole prompt.');
  return logits;
}

/** Prefills the first token of an empty sequence. @returns logits of the second token, `[vocabulary]`. */
async function prefillFirstToken(
  { sequence, prompt }: PromptSequence,
  { decoder, tokenEmbeddings, features }: PrefillContext,
  schedule: ScheduleRun,
): Promise<Float32Array> {
  const logits = await schedule(async () => {
    const embeddings = embedPositions(prompt, 0, 1, features, tokenEmbeddings);
    return (await decoder.logits([await decoder.prefill(sequence, embeddings)]))[0];
  });
  if (!logits) throw new RangeError('The decoder returned no logits.');
  return logits;
}

/** A batch job asks about each image once. Caching its prefixes would evict those of interactive clients. */
function lengthsToCache(
  { segments }: CacheKeyedPrompt,
  maxLength: number,
  { caches, handle }: Pick<PrefillContext, 'caches' | 'handle'>,
): number[] {
  if (handle.ticket.priority === 'batch') return [];
  return caches.prefixes.lengthsToCache(segments).filter((length) => length <= maxLength);
}

/**
 * Chunked prefill up to position `end`: one scheduled run for each chunk.
 *
 * @returns logits of the first token, `[vocabulary]`, if `end` is the end of the prompt and the sequence was shorter.
 */
export async function prefillTo(
  end: number,
  { sequence, prompt }: PromptSequence,
  {
    decoder,
    tokenEmbeddings,
    features,
  }: Pick<PrefillContext, 'decoder' | 'tokenEmbeddings' | 'features'>,
  schedule: ScheduleRun,
): Promise<Float32Array | undefined> {
  let logits: Float32Array | undefined;
  while (sequence.length < end) {
    logits = await schedule(async (fraction) => {
      const from = sequence.length;
      const to = from + chunkLength(end - from, decoder.longestChunk * fraction);
      const embeddings = embedPositions(prompt, from, to, features, tokenEmbeddings);
      const hidden = await decoder.prefill(sequence, embeddings);
      return to === prompt.length ? (await decoder.logits([hidden]))[0] : undefined;
    });
  }
  return logits;
}
