import type { Sequence } from '../decoder/decoder.js';
import type { KvPrefix } from '../decoder/kv-prefix.js';
import { ALWAYS_READ, chunkLength } from '../decoder/prompt-chunks.js';
import type { FloatTensor } from '../tensor/tensor.js';
import type { PipelineParts } from './pipeline-parts.js';
import type { PromptStore } from './prefix-store.js';
import { firstMarks, type NamedPrompt, promptRows } from './prompt-rows.js';
import type { Turns } from './queued-work.js';
import { type RunTimes, timeRun } from './run-times.js';
import type { Scheduler } from './scheduler.js';

/** What reading takes, beside prompts. */
export interface Reader extends Pick<PipelineParts, 'decoder' | 'tokenEmbeddings'> {
  readonly scheduler: Scheduler;
  readonly turns: Turns;
  readonly store: PromptStore;
  /** The embeddings of pictures and clips by key. */
  readonly media: ReadonlyMap<string, FloatTensor>;
  /** Of the whole request. */
  readonly times: RunTimes;
}

/**
 * Reads the first positions of a prompt once, for several conversations to continue behind.
 *
 * @param kept the beginning of it that is known already.
 */
export async function readBeginning(
  prompt: NamedPrompt,
  positions: number,
  kept: KvPrefix | undefined,
  times: RunTimes,
  reader: Reader,
): Promise<KvPrefix | null> {
  const { decoder, store, turns } = reader;
  if (positions === 0) return null;
  if (kept?.length === positions) return kept;
  const lengths = lengthsToKeep(prompt, positions, reader);
  const sequence = decoder.open(kept, positions);
  try {
    await readTo(positions, { sequence, prompt, times }, reader);
    turns.signal.throwIfAborted();
    const prefix = decoder.freeze(sequence, positions);
    for (const length of lengths) {
      store.keepPrefix(
        prompt.marks,
        length === positions ? prefix : decoder.freeze(sequence, length),
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
  for (const length of lengths) store.keepPrefix(prompt.marks, decoder.freeze(sequence, length));
  if (!scores) throw new RangeError('The prompt was read already.');
  return scores;
}

export interface ReadingTask {
  readonly sequence: Sequence;
  readonly prompt: NamedPrompt;
  /** Of the conversation. */
  readonly times: RunTimes;
}

/** The longest beginning of the first positions of a prompt that is kept. */
export async function findKept(
  { marks }: NamedPrompt,
  positions: number,
  store: PromptStore,
): Promise<KvPrefix | undefined> {
  // More than may be taken over: the store leaves the last ones out.
  return await store.longestPrefix(firstMarks(marks, positions + ALWAYS_READ));
}

/** Long jobs ask about a picture once, and would only drive out what others come back to. */
function lengthsToKeep(
  { marks }: NamedPrompt,
  positions: number,
  { store, turns }: Pick<Reader, 'store' | 'turns'>,
): number[] {
  if (turns.ticket.priority === 'batch') return [];
  return store.lengthsToKeep(marks).filter((length) => length <= positions);
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
    scores = await scheduler.turn(turns, (share) =>
      timeRun('prefillMs', [times, all], async () => {
        const from = sequence.length;
        const to = from + chunkLength(end - from, decoder.longestChunk * share);
        const rows = promptRows(prompt, from, to, media, tokenEmbeddings);
        const hidden = await decoder.read(sequence, rows);
        return to === prompt.length ? (await decoder.score([hidden]))[0] : undefined;
      }),
    );
  }
  return scores;
}
