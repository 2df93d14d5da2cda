import type { Decoder, Sequence } from '../../decoder/decoder.js';
import { FairQueue } from './fair-queue.js';
import { type QueuedTask, enqueue, type RequestHandle } from './queue-ticket.js';

/** One of the answers that are being written. */
interface ActiveSequence {
  readonly sequence: Sequence;
  /** The token to read next. */
  readonly nextId: number;
  /**
   * Takes the scores of the step that read it.
   *
   * @returns whether another token follows.
   */
  acceptLogits(scores: Float32Array, step: StepTime): boolean;
}

/** When a step ran, for those who count its time: several answers of a request share one. */
export interface StepTime {
  readonly number: number;
  readonly ms: number;
}

/** Part of the largest piece of new work that may be done in one turn: 1 while nobody waits for the next token. */
export type PrefillFraction = number;

/** While answers are written, each piece of new work between two of their tokens is this part of the largest. */
const PREFILL_FRACTION_WHILE_DECODING = 0.25;

/** Owns the runs of a model: new work and the tokens of all answers take turns. */
export interface Scheduler {
  /**
   * Does one piece of new work when it is this request's turn. It should make no more than one run of a graph.
   *
   * @throws what the work throws; the signal's reason, without doing it, when the signal aborts before.
   */
  schedulePrefill<T>(
    turns: RequestHandle,
    work: (share: PrefillFraction) => Promise<T>,
  ): Promise<T>;
  /**
   * Reads token after token until no other follows, or the signal aborts: then nothing is taken any more.
   *
   * @throws what the decoder throws for this sequence, and what `take` throws.
   */
  decodeUntilDone(turns: RequestHandle, answer: ActiveSequence): Promise<void>;
}

/**
 * Works in rounds while there is anything to do: at most one piece of new work, then one step of all answers together.
 * So a running answer waits for one piece and one step at most between two of its tokens, however many requests come;
 * and requests come in and leave between two rounds.
 */
export function createScheduler(decoder: Pick<Decoder, 'step'>): Scheduler {
  const pieces = new FairQueue<QueuedTask<PrefillFraction>>();
  const answers = new Set<Writing>();
  let steps = 0;
  let isWorking = false;

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    while (!pieces.isEmpty || answers.size > 0) {
      await yieldToEventLoop();
      await pieces.pop()?.run(answers.size > 0 ? PREFILL_FRACTION_WHILE_DECODING : 1);
      // What follows a piece, the next one or an answer, is asked for by whoever waited for it.
      await yieldToEventLoop();
      dropAborted();
      if (answers.size > 0) await step([...answers]);
    }
    isWorking = false;
  }

  function dropAborted(): void {
    for (const one of answers) if (one.signal.aborted) leave(one);
  }

  function leave(one: Writing, error?: Error): void {
    answers.delete(one);
    one.leave(error);
  }

  async function step(batch: readonly Writing[]): Promise<void> {
    const startMs = performance.now();
    const lengths = batch.map(({ answer }) => answer.sequence.length);
    const tokens = batch.map(({ answer: { sequence, nextId } }) => ({ sequence, id: nextId }));
    let scores: readonly Float32Array[];
    try {
      scores = await decoder.step(tokens);
    } catch (error) {
      await stepApart(batch, lengths, error as Error);
      return;
    }
    steps += 1;
    const time = { number: steps, ms: performance.now() - startMs };
    for (const [index, one] of batch.entries()) {
      if (one.signal.aborted) leave(one);
      else take(one, scores[index], time);
    }
  }

  /** A step fails as a whole: whoever has not caused it goes on alone, this once. */
  async function stepApart(
    batch: readonly Writing[],
    lengths: readonly number[],
    error: Error,
  ): Promise<void> {
    for (const [index, one] of batch.entries()) {
      // What the failed step has read already cannot be read again.
      const isIntact = one.answer.sequence.length === lengths[index];
      if (batch.length === 1 || !isIntact) leave(one, error);
      else await step([one]);
    }
  }

  function take(one: Writing, scores: Float32Array | undefined, time: StepTime): void {
    try {
      if (!scores) throw new RangeError('The decoder gave no scores.');
      if (!one.answer.acceptLogits(scores, time)) leave(one);
    } catch (error) {
      leave(one, error as Error);
    }
  }

  return {
    schedulePrefill(turns, doWork) {
      const result = enqueue(pieces, turns, doWork);
      void work();
      return result;
    },
    decodeUntilDone: ({ signal }, answer) =>
      new Promise((resolve, reject) => {
        const leave = (error: Error | undefined) => {
          if (error === undefined) resolve();
          else reject(error);
        };
        answers.add({ answer, signal, leave });
        void work();
      }),
  };
}

interface Writing {
  readonly answer: ActiveSequence;
  readonly signal: AbortSignal;
  readonly leave: (error: Error | undefined) => void;
}

/** Lets in what came meanwhile: cancellations above all. A run blocks everything else in its process. */
function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
