import { countUsableCores } from '../config/cpu-cores.js';
import {
  MAX_DECODED_PIXELS,
  MAX_LONG_LANE_WAIT_MS,
  MAX_TURN_MS,
  MAX_TURN_PIXELS,
} from '../config/limits.js';
import type { RequestHandle } from '../engine/scheduling/queue-ticket.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { createMediaWorkers, type MediaWorkerOptions } from './media-worker-process.js';
import type { MediaWorkerResults, MediaWorkerTask } from './messages.js';

/** Processes of the short lane on two cores, and the most on machines with more. */
const MIN_SHORT_LANE_PROCESSES = 2;
const MAX_SHORT_LANE_PROCESSES = 4;

/** Processes of the long lane, which one client cannot take all. */
const LONG_LANE_PROCESSES = 2;

/** A task whose cost is between milliseconds and a minute, by the file. */
export type VideoTask = Extract<
  MediaWorkerTask,
  { readonly type: 'sample-video' | 'inspect' | 'video-thumbnail' | 'detect-shots' }
>;

/** Media workers for videos. */
export interface MediaLanes {
  /**
   * @param timeoutMs time limit from the start of the task in the long lane.
   * @throws like `MediaWorkers.run`, and MEDIA_TOO_EXPENSIVE if no worker of the long lane is free in time.
   */
  run<Task extends VideoTask>(
    task: Task,
    timeoutMs: number,
    handle: RequestHandle,
  ): Promise<MediaWorkerResults[Task['type']]>;
  close(): Promise<void>;
}

interface MediaLanesOptions extends MediaWorkerOptions {
  readonly turnMs?: number;
  readonly maxWaitMs?: number;
}

/**
 * Two lanes, each with processes of its own. Every task starts in the short lane, where it has one turn: a limit of
 * pixels, which is compared with an estimate before anything is decoded, and of milliseconds, should the file mislead
 * the estimate. A task that needs more starts again in the long lane, with the full limits. So a file that takes a
 * minute delays others by a turn at most. In each lane one process is left to another client.
 */
export function createMediaLanes({
  entry,
  turnMs = MAX_TURN_MS,
  maxWaitMs = MAX_LONG_LANE_WAIT_MS,
}: MediaLanesOptions): MediaLanes {
  const processes = Math.min(
    Math.max(Math.floor(countUsableCores() / 2), MIN_SHORT_LANE_PROCESSES),
    MAX_SHORT_LANE_PROCESSES,
  );
  const short = createMediaWorkers({ entry, processes, perClient: processes - 1 });
  const long = createMediaWorkers({
    ...{ entry, processes: LONG_LANE_PROCESSES, perClient: LONG_LANE_PROCESSES - 1 },
  });

  async function runLong<Task extends VideoTask>(
    task: Task,
    timeoutMs: number,
    { ticket, signal }: RequestHandle,
  ) {
    const wait = new AbortController();
    const timer = setTimeout(() => wait.abort(laneBusy(maxWaitMs)), maxWaitMs);
    const either = AbortSignal.any([signal, wait.signal]);
    try {
      return await long.run(task, timeoutMs, { ticket, signal: either }, () => clearTimeout(timer));
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async run<Task extends VideoTask>(task: Task, timeoutMs: number, handle: RequestHandle) {
      try {
        const turn = { ...task, maxDecodedPixels: MAX_TURN_PIXELS };
        return await short.run(turn, Math.min(turnMs, timeoutMs), handle);
      } catch (error) {
        if (!(error instanceof SalamandraError) || error.code !== 'MEDIA_TOO_EXPENSIVE')
          throw error;
      }
      return await runLong({ ...task, maxDecodedPixels: MAX_DECODED_PIXELS }, timeoutMs, handle);
    },
    async close() {
      await Promise.all([short.close(), long.close()]);
    },
  };
}

function laneBusy(waitMs: number): SalamandraError {
  const seconds = waitMs / 1_000;
  return new SalamandraError(
    'MEDIA_TOO_EXPENSIVE',
    `Decoding the video takes more than a turn of ${MAX_TURN_MS / 1_000} s, and other such videos were decoded for ${seconds} s, which is the limit. Send fewer of them at once, or request fewer frames.`,
    { details: { max_wait_seconds: seconds }, retryable: true },
  );
}
