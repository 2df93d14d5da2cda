import { endedEarly, withOutcome } from '../engine/collect-outcome.js';
import { captionConversation } from '../engine/conversations.js';
import type {
  Answer,
  EngineRequest,
  GenerationSettings,
  RequestTimings,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import type { Receipt } from '../engine/receipts/receipt.js';
import type { MediaReport } from '../media/media-report.js';
import { type ErrorCode, SalamandraError } from '../errors/salamandra-error.js';
import { noDecodableFrame } from '../media/video-errors.js';
import type { Language } from '../language/languages.js';
import type { FrameSampling, TimeRange } from '../media/frame-sampling.js';
import type { MissingCue } from './webvtt.js';
import { timecodeAt, type TimecodeClock, type Timecodes } from './timecode.js';

export interface VideoCaptionsTask {
  /** For fair scheduling between clients. Undefined if there is only one. */
  readonly client?: string;
  readonly path: string;
  /** The same for every segment. Its `range` is ignored. */
  readonly sampling: FrameSampling;
  readonly segments: readonly TimeRange[];
  /** `null` for a video without a timecode. */
  readonly timecode: TimecodeClock | null;
  readonly languages: readonly Language[];
  readonly settings: GenerationSettings;
  /** What the model is told before the instruction. */
  readonly hint?: string | undefined;
  /** Whether each caption has a receipt. */
  readonly receipts?: boolean | undefined;
}

interface SegmentText {
  readonly language: Language;
  readonly text: string;
  /** If the task asks for receipts. */
  readonly receipt?: Receipt | undefined;
}

/** A segment with its captions. */
export interface CaptionedSegment {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** In the order of `VideoCaptionsTask.languages`. */
  readonly texts: readonly SegmentText[];
  /** Timestamps of the sampled frames, in seconds. */
  readonly frames: readonly number[];
  /** `null` for a video without a timecode. */
  readonly timecodes: Timecodes | null;
}

/** A segment without captions, such as a damaged part of the file. */
export interface MissingSegment {
  readonly range: TimeRange;
  readonly error: SalamandraError;
}

/** For a WebVTT track. */
export function toMissingCue({ range, error }: MissingSegment): MissingCue {
  return { ...range, code: error.code };
}

export type VideoCaptionsEvent =
  | {
      readonly type: 'text-delta';
      readonly range: TimeRange;
      readonly language: Language;
      readonly text: string;
    }
  /** The captions of the segment start again: its text so far is void. */
  | { readonly type: 'restart'; readonly range: TimeRange }
  | { readonly type: 'segment'; readonly segment: CaptionedSegment }
  | { readonly type: 'missing'; readonly missing: MissingSegment }
  | { readonly type: 'done'; readonly usage: Answer['usage']; readonly timings: RequestTimings };

/**
 * Captions a video segment by segment. Each segment is an engine request of its own, with its own queue position and
 * deadline, so memory does not grow with the length of the video. Several segments run with batch priority.
 *
 * A segment that is lost with a process or exceeds its time is tried again when the model is ready. One that cannot be
 * captioned is reported as missing, and the others are captioned all the same.
 *
 * @throws the error of the first segment if none has captions; the signal's reason
 */
export async function* captionVideo(
  engine: VisionLanguageEngine,
  task: VideoCaptionsTask,
  signal: AbortSignal,
): AsyncGenerator<VideoCaptionsEvent> {
  const startMs = performance.now();
  let total: Totals | undefined;
  let firstError: SalamandraError | undefined;
  /** Once the model is gone, the other segments are not tried. */
  let lastError: SalamandraError | undefined;
  for (const range of task.segments) {
    const beforeMs = performance.now() - startMs;
    try {
      if (lastError) throw lastError;
      const segment = yield* captionWithRetries(engine, task, range, signal);
      total = total ? addTotals(total, segment) : startTotals(segment, beforeMs);
    } catch (error) {
      if (signal.aborted || !(error instanceof SalamandraError)) throw error;
      if (FATAL.has(error.code)) {
        // What is wrong with the request is wrong with its first segment.
        if (!total) throw error;
        lastError = error;
      }
      firstError ??= error;
      yield { type: 'missing', missing: { range, error } };
    }
  }
  if (!total) throw firstError ?? noDecodableFrame();
  const { usage, timings } = total;
  yield { type: 'done', usage, timings: { ...timings, totalMs: performance.now() - startMs } };
}

/** Further attempts of a segment that was lost, or that exceeded its time. */
const RETRIES: Readonly<Partial<Record<ErrorCode, number>>> = {
  /** The inference worker stopped. After a third crash the segment itself is suspect. */
  MODEL_NOT_READY: 2,
  /** A media process was killed from outside. */
  SERVER_UNAVAILABLE: 2,
  DEADLINE_EXCEEDED: 1,
  STORAGE_UNAVAILABLE: 1,
  /** Only if it waited for other clips. */
  MEDIA_TOO_EXPENSIVE: 1,
};

/** Errors of the request or of the model, which every segment would repeat. */
const FATAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['INVALID_REQUEST', 'INVALID_PARAMETER', 'CONTEXT_LENGTH_EXCEEDED'] as const),
  ...(['MODEL_INVALID', 'MODEL_NOT_FOUND', 'MODEL_LOAD_FAILED', 'SHUTTING_DOWN'] as const),
  'VIDEO_UNAVAILABLE',
]);

async function* captionWithRetries(
  engine: VisionLanguageEngine,
  task: VideoCaptionsTask,
  range: TimeRange,
  signal: AbortSignal,
): AsyncGenerator<VideoCaptionsEvent, Totals> {
  for (let attempt = 1; ; attempt += 1) {
    const progress = { hasText: false };
    try {
      return yield* captionSegment(engine, task, range, { signal, progress });
    } catch (error) {
      if (signal.aborted || !(error instanceof SalamandraError) || !error.retryable) throw error;
      if (attempt > (RETRIES[error.code] ?? 0)) throw error;
    }
    if (progress.hasText) yield { type: 'restart', range };
    await untilReady(engine, signal);
  }
}

/** Waits for a worker that restarts. @throws the reason if the model cannot be loaded; the signal's reason */
async function untilReady(engine: VisionLanguageEngine, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  await Promise.race([engine.describe(), aborted]);
}

interface Totals {
  readonly usage: Answer['usage'];
  readonly timings: RequestTimings;
}

async function* captionSegment(
  engine: VisionLanguageEngine,
  task: VideoCaptionsTask,
  range: TimeRange,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: { hasText: boolean } },
): AsyncGenerator<VideoCaptionsEvent, Totals> {
  const { client, path, sampling, segments, timecode, languages, settings, hint } = task;
  const request: EngineRequest = {
    ...(client !== undefined && { client }),
    priority: segments.length > 1 ? 'batch' : 'interactive',
    media: [{ kind: 'video', path, sampling: { ...sampling, range } }],
    detail: 'auto',
    conversations: languages.map((language) =>
      captionConversation('caption', language, 'video', hint),
    ),
    settings,
    receipts: task.receipts,
  };
  for await (const event of withOutcome(engine.generate(request, signal))) {
    if (event.type === 'text-delta') {
      progress.hasText = true;
      const language = languages[event.conversation];
      if (language) yield { type: 'text-delta', range, language, text: event.text };
    } else if (event.type === 'done') {
      const { media, answers, timings } = event.outcome;
      const texts = languages.flatMap((language, index) => {
        const answer = answers[index];
        return answer ? [{ language, text: answer.text, receipt: answer.receipt }] : [];
      });
      yield { type: 'segment', segment: toSegment(range, media[0], texts, timecode) };
      const usage = answers.map((answer) => answer.usage).reduce(addNumbers, NO_USAGE);
      return { usage, timings };
    }
  }
  throw endedEarly();
}

function toSegment(
  { startSeconds, endSeconds }: TimeRange,
  report: MediaReport | undefined,
  texts: CaptionedSegment['texts'],
  clock: TimecodeClock | null,
): CaptionedSegment {
  if (report?.kind !== 'video') throw new Error('The engine reported no video.');
  const frames = report.frames.map(({ timestampSeconds }) => timestampSeconds);
  // Without a duration, the segment ends with its last frame.
  const end = endSeconds ?? report.durationSeconds ?? frames.at(-1) ?? startSeconds;
  const timecodes = clock && {
    start: timecodeAt(clock, startSeconds),
    end: timecodeAt(clock, end),
  };
  return { startSeconds, endSeconds: end, texts, frames, timecodes };
}

const NO_USAGE = { promptTokens: 0, imageTokens: 0, cachedTokens: 0, completionTokens: 0 };

function startTotals({ usage, timings }: Totals, beforeMs: number): Totals {
  return { usage, timings: { ...timings, firstTokenMs: beforeMs + timings.firstTokenMs } };
}

/** Sums usage and timings. `firstTokenMs` is not summed: the value of the first segment is used. */
function addTotals(before: Totals, next: Totals): Totals {
  const { firstTokenMs } = before.timings;
  return {
    usage: addNumbers(before.usage, next.usage),
    timings: { ...addNumbers(before.timings, next.timings), firstTokenMs },
  };
}

function addNumbers<T extends { readonly [K in keyof T]: number }>(left: T, right: T): T {
  const sums = Object.entries<number>(left).map(([name, value]) => [
    name,
    value + right[name as keyof T],
  ]);
  return Object.fromEntries(sums) as T;
}
