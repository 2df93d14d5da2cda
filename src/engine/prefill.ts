import type { Sequence } from '../decoder/decoder.js';
import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import { MIN_UNCACHED_TOKENS, chunkLength } from '../decoder/prefill-chunks.js';
import type { FloatTensor } from '../tensor/tensor.js';
import type { PipelineModel } from './loaded-model.js';
import type { EngineCaches } from '../cache/engine-caches.js';
import { firstPositions, type CacheKeyedPrompt, embedPositions } from './prompt-embeddings.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import { type RequestTimer, timeRun } from './request-timings.js';
import type { Scheduler } from './scheduling/scheduler.js';

/** What reading takes, beside prompts. */
export interface Reader extends Pick<PipelineModel, 'decoder' | 'tokenEmbeddings'> {
  readonly scheduler: Scheduler;
  readonly turns: RequestHandle;
  readonly store: EngineCaches;
  /** The embeddings of pictures and clips by key. */
  readonly media: ReadonlyMap<string, FloatTensor>;
  /** Of the whole request. */
  readonly times: RequestTimer;
}

/**
 * Reads the first positions of a prompt once, for several conversations to continue behind.
 *
 * @param kept the beginning of it that is known already.
 */
export async function readBeginning(
  prompt: CacheKeyedPrompt,
  positions: number,
  kept: KvPrefix | undefined,
  times: RequestTimer,
  reader: Reader,
): Promise<KvPrefix | null> {
  const { decoder, store, turns } = reader;
  if (positions === 0) return null;
  if (kept?.length === positions) return kept;
  const lengths = lengthsToKeep(prompt, positions, reader);
  const sequence = decoder.createSequence(kept, positions);
  try {
    await readTo(positions, { sequence, prompt, times }, reader);
    turns.signal.throwIfAborted();
    const prefix = decoder.snapshotPrefix(sequence, positions);
    for (const length of lengths) {
      store.cachePrefix(
        prompt.segments,
        length === positions ? prefix : decoder.snapshotPrefix(sequence, length),
      );
    }
    return prefix;
  } finally {
    decoder.close(sequence);
  }
}

/** Reads what a sequence has not yet read of its prompt. @returns scores `[vocabulary]` of the first token */
export async function readRest(
  task: ReadingTask,
  keep: 'keep' | 'pass',
  reader: Reader,
): Promise<Float32Array> {
  const { decoder, store } = reader;
  const { sequence, prompt } = task;
  const lengths = keep === 'keep' ? lengthsToKeep(prompt, prompt.length - 1, reader) : [];
  const scores = await readTo(prompt.length, task, reader);
  for (const length of lengths)
    store.cachePrefix(prompt.segments, decoder.snapshotPrefix(sequence, length));
  if (!scores) throw new RangeError('The prompt was read already.');
  return scores;
}

export interface ReadingTask {
  readonly sequence: Sequence;
  readonly prompt: CacheKeyedPrompt;
  /** Of the conversation. */
  readonly times: RequestTimer;
}

/** The longest beginning of the first positions of a prompt that is kept. */
export async function findKept(
  { segments: marks }: CacheKeyedPrompt,
  positions: number,
  store: EngineCaches,
): Promise<KvPrefix | undefined> {
  // More than may be taken over: the store leaves the last ones out.
  return await store.longestPrefix(firstPositions(marks, positions + MIN_UNCACHED_TOKENS));
}

/** Long jobs ask about a picture once, and would only drive out what others come back to. */
function lengthsToKeep(
  { segments: marks }: CacheKeyedPrompt,
  positions: number,
  { store, turns }: Pick<Reader, 'store' | 'turns'>,
): number[] {
  if (turns.ticket.priority === 'batch') return [];
  return store.lengthsToCache(marks).filter((length) => length <= positions);
}

/**
 * Reads up to a position, a chunk in each turn.
 *
 * @returns scores of the first token, at the end of the prompt.
 */
async function readTo(
  end: number,
  { sequence, prompt, times }: ReadingTask,
  { decoder, tokenEmbeddings, media, scheduler, turns, times: all }: Reader,
): Promise<Float32Array | undefined> {
  let scores: Float32Array | undefined;
  while (sequence.length < end) {
    scores = await scheduler.schedulePrefill(turns, (share) =>
      timeRun('prefillMs', [times, all], async () => {
        const from = sequence.length;
        const to = from + chunkLength(end - from, decoder.longestChunk * share);
        const rows = embedPositions(prompt, from, to, media, tokenEmbeddings);
        const hidden = await decoder.prefill(sequence, rows);
        return to === prompt.length ? (await decoder.logits([hidden]))[0] : undefined;
      }),
    );
  }
  return scores;
}
