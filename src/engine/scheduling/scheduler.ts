/**
 * Continuous batching over one model.
 *
 * Two sets of work:
 *   waiting  prefill and vision-encoder runs, in a fair queue (see fair-queue.ts)
 *   running  sequences that decode, all in one batch
 *
 * The loop repeats until both are empty:
 *   1. pop one waiting run and execute it, on a full-size chunk if nothing is running, on a quarter of one otherwise
 *   2. remove aborted sequences from the batch
 *   3. execute one decode step for all running sequences
 *
 * A sequence joins the batch between two steps, after its prefill, and leaves it after its last token. Between two
 * tokens of a running sequence there is at most one prefill chunk and one decode step, however many requests wait.
 */
import type { Decoder, Sequence } from '../../decoder/decoder.js';
import { FairQueue } from './fair-queue.js';
import { enqueue, type QueuedTask, type RequestHandle } from './queue-ticket.js';

/** A sequence that decodes. The scheduler feeds it logits until `acceptLogits` returns false. */
interface ActiveSequence {
  readonly sequence: Sequence;
  /** The sampled token, input of the next decode step. */
  readonly nextId: number;
  /**
   * Samples from the logits of a decode step.
   *
   * @param logits `[vocabulary]`, owned by the callee.
   * @returns whether the sequence continues.
   */
  acceptLogits(logits: Float32Array, step: DecodeStep): boolean;
}

/** One decode step. Sequences of the same request share it, so timings count it once per `number`. */
export interface DecodeStep {
  readonly number: number;
  readonly ms: number;
}

/** Fraction of the largest chunk that a run may process, 0 to 1. */
type ChunkFraction = number;

/** Executes a graph run under some schedule. The run processes at most `fraction` of its largest chunk. */
export type ScheduleRun = <T>(run: (fraction: ChunkFraction) => Promise<T>) => Promise<T>;

/** The schedule of a process without other work: full-size chunks, run immediately. */
export const runImmediately: ScheduleRun = (run) => run(1);

/** A quarter chunk delays the next token of running sequences by about one decode step of a 7B model. */
const PREFILL_FRACTION_WHILE_DECODING = 0.25;

/** Orders the graph runs of all requests. */
export interface Scheduler {
  /**
   * Queues one prefill or vision-encoder run. It should make at most one graph run, because a run cannot be
   * interrupted.
   *
   * @throws the run's error; the signal's reason if it aborts while the run waits.
   */
  schedulePrefill<T>(
    handle: RequestHandle,
    run: (fraction: ChunkFraction) => Promise<T>,
  ): Promise<T>;
  /**
   * Adds a prefilled sequence to the decode batch. Resolves after its last token, or after the signal aborts.
   *
   * @throws the decoder's error for this sequence; errors of `acceptLogits`.
   */
  decodeUntilDone(handle: RequestHandle, active: ActiveSequence): Promise<void>;
}

interface RunningSequence {
  readonly active: ActiveSequence;
  readonly signal: AbortSignal;
  readonly finish: (error?: Error) => void;
}

/** Creates the scheduler of a model. It owns the waiting runs and the running sequences. */
export function createScheduler(decoder: Pick<Decoder, 'step'>): Scheduler {
  const waiting = new FairQueue<QueuedTask<ChunkFraction>>();
  const running = new Set<RunningSequence>();
  let steps = 0;
  let isLooping = false;

  async function loop(): Promise<void> {
    if (isLooping) return;
    isLooping = true;
    while (!waiting.isEmpty || running.size > 0) {
      await yieldToEventLoop();
      await waiting.pop()?.run(running.size > 0 ? PREFILL_FRACTION_WHILE_DECODING : 1);
      // The caller of a finished run schedules its next chunk, or joins the batch, in a microtask.
      await yieldToEventLoop();
      removeAborted();
      if (running.size > 0) await decodeStep([...running]);
    }
    isLooping = false;
  }

  function removeAborted(): void {
    for (const entry of running) if (entry.signal.aborted) remove(entry);
  }

  function remove(entry: RunningSequence, error?: Error): void {
    running.delete(entry);
    entry.finish(error);
  }

  async function decodeStep(batch: readonly RunningSequence[]): Promise<void> {
    const startMs = performance.now();
    const lengths = batch.map(({ active }) => active.sequence.length);
    const tokens = batch.map(({ active: { sequence, nextId } }) => ({ sequence, id: nextId }));
    let logits: readonly Float32Array[];
    try {
      logits = await decoder.step(tokens);
    } catch (error) {
      await retryOneByOne(batch, lengths, error as Error);
      return;
    }
    steps += 1;
    const step = { number: steps, ms: performance.now() - startMs };
    for (const [index, entry] of batch.entries()) {
      if (entry.signal.aborted) remove(entry);
      else deliver(entry, logits[index], step);
    }
  }

  /** A batched step fails as a whole. Single steps find the sequence that caused it; the others continue. */
  async function retryOneByOne(
    batch: readonly RunningSequence[],
    lengths: readonly number[],
    error: Error,
  ): Promise<void> {
    for (const [index, entry] of batch.entries()) {
      // A token that is in the KV cache already must not be decoded twice.
      const isUnchanged = entry.active.sequence.length === lengths[index];
      if (batch.length === 1 || !isUnchanged) remove(entry, error);
      else await decodeStep([entry]);
    }
  }

  function deliver(
    entry: RunningSequence,
    logits: Float32Array | undefined,
    step: DecodeStep,
  ): void {
    try {
      if (!logits) throw new RangeError('The decoder returned no logits for a sequence.');
      if (!entry.active.acceptLogits(logits, step)) remove(entry);
    } catch (error) {
      remove(entry, error as Error);
    }
  }

  return {
    schedulePrefill(handle, run) {
      const result = enqueue(waiting, handle, run);
      void loop();
      return result;
    },
    decodeUntilDone: ({ signal }, active) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error) => {
          if (error === undefined) resolve();
          else reject(error);
        };
        running.add({ active, signal, finish });
        void loop();
      }),
  };
}

/** A graph run blocks the process; this delivers pending messages, cancellations above all. */
function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
