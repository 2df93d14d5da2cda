import type { Sequence } from '../decoder/decoder.js';
import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import type { TextPosition } from '../language/detokenizer.js';
import { answerConversation, type Writer } from './decode-answer.js';
import type { CacheKeyedPrompt } from './prompt-embeddings.js';
import { readBeginning, type Reader, readRest } from './prefill.js';
import { type RequestTimer, createTimings } from './request-timings.js';
import type { GenerationSettings } from './vision-language-engine.js';

interface AskedConversation {
  readonly prompt: CacheKeyedPrompt;
  readonly place: TextPosition;
}

export interface AnsweringPlan {
  /** One for each conversation of the request, in order. */
  readonly conversations: readonly AskedConversation[];
  readonly settings: GenerationSettings;
  /** Positions that all of them begin with; of one alone all but the last. */
  readonly sharedPositions: number;
  /** A beginning of those that was read for an earlier request. */
  readonly kept: KvPrefix | undefined;
  /** How many may be open at once. */
  readonly sequences: number;
}

export interface Answerer extends Reader, Writer {
  /** Ends all work for the request. */
  readonly fail: (error: unknown) => void;
}

/** A conversation whose prompt was read. */
interface ReadConversation {
  readonly sequence: Sequence;
  readonly firstScores: Float32Array;
  readonly cachedTokens: number;
  readonly times: RequestTimer;
  readonly startMs: number;
}

/**
 * Answers the conversations of a request side by side, behind a beginning that is read once. Where more are asked than may
 * be open, each that ends makes room for the next.
 *
 * @throws what the first of them to fail throws; the others end with it.
 */
export async function answerAll(plan: AnsweringPlan, answerer: Answerer): Promise<void> {
  const { conversations, settings, kept, sharedPositions } = plan;
  const { decoder, turns } = answerer;
  const open = new Set<Sequence>();
  const firstTimes = createTimings();
  const firstStartMs = performance.now();
  const [first] = conversations;
  const isOnly = conversations.length === 1;
  const beginning =
    isOnly || !first
      ? kept
      : await readBeginning(first.prompt, sharedPositions, kept, firstTimes, answerer);

  async function read(index: number): Promise<ReadConversation> {
    const { prompt } = conversationAt(conversations, index);
    const isFirst = index === 0;
    const startMs = isFirst ? firstStartMs : performance.now();
    const times = isFirst ? firstTimes : createTimings();
    const most = Math.min(prompt.length + settings.maxTokens, decoder.maxPositions);
    const sequence = decoder.createSequence(beginning ?? undefined, most);
    open.add(sequence);
    const cachedTokens = isFirst ? (kept?.length ?? 0) : sequence.length;
    const task = { sequence, prompt, times };
    const firstScores = await readRest(task, isOnly ? 'keep' : 'pass', answerer);
    return { sequence, firstScores, cachedTokens, times, startMs };
  }

  async function write(index: number, conversation: ReadConversation): Promise<void> {
    const task = { ...conversationAt(conversations, index), ...conversation, settings };
    await answerConversation({ ...task, conversation: index }, answerer);
    open.delete(conversation.sequence);
    decoder.close(conversation.sequence);
  }

  const readings = conversations.slice(0, plan.sequences).map((_, index) => read(index));
  const together = readTogether(plan, decoder.longestChunk) ? Promise.all(readings) : undefined;
  let next = readings.length;
  const writings = readings.map(async (reading, index) => {
    await together;
    await write(index, await reading);
    while (next < conversations.length) {
      turns.signal.throwIfAborted();
      const following = next++;
      await write(following, await read(following));
    }
  });
  try {
    await allOrNone(writings, answerer.fail);
  } finally {
    // A run may still be on its way.
    await Promise.allSettled(readings);
    for (const sequence of open) decoder.close(sequence);
  }
}

/**
 * Whether the answers begin when all prompts were read: what they have of their own is soon read, and every step that one
 * takes before the others is one more step for all.
 */
function readTogether(
  { conversations, sharedPositions }: AnsweringPlan,
  longestChunk: number,
): boolean {
  const own = conversations.reduce((sum, { prompt }) => sum + prompt.length - sharedPositions, 0);
  return own <= longestChunk;
}

/** Waits until all have ended. @throws what the first one to fail throws, which ends the others */
async function allOrNone(
  work: readonly Promise<void>[],
  fail: (error: unknown) => void,
): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const watch = (error: unknown) => {
    failure ??= { error };
    fail(error);
  };
  await Promise.all(work.map((one) => one.catch(watch)));
  if (failure) throw failure.error;
}

function conversationAt(
  conversations: readonly AskedConversation[],
  index: number,
): AskedConversation {
  const conversation = conversations[index];
  if (!conversation) throw new RangeError(`There is no conversation ${index}.`);
  return conversation;
}
