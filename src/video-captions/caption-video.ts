import { captionConversation } from '../engine/conversations.js';
import type {
  Answer,
  EngineRequest,
  GenerationSettings,
  RequestTimings,
  VisionLanguageEngine,
} from '../engine/vision-language-engine.js';
import type { MediaReport } from '../media/media-report.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import type { Language } from '../language/languages.js';
import type { FrameSampling, TimeRange } from '../media/frame-sampling.js';

export interface VideoCaptionsTask {
  /** Whose work it is; absent where there is one client only. */
  readonly client?: string;
  readonly path: string;
  /** The same for every segment; its range is not looked at. */
  readonly sampling: FrameSampling;
  readonly segments: readonly TimeRange[];
  readonly languages: readonly Language[];
  readonly settings: GenerationSettings;
}

/** A stretch of a video and what was written about it. */
export interface CaptionedSegment {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** In the order of the task's languages. */
  readonly texts: readonly { readonly language: Language; readonly text: string }[];
  /** When the frames are that were looked at. */
  readonly frames: readonly number[];
}

export type VideoCaptionsEvent =
  | {
      readonly type: 'text-delta';
      readonly range: TimeRange;
      readonly language: Language;
      readonly text: string;
    }
  | { readonly type: 'segment'; readonly segment: CaptionedSegment }
  | { readonly type: 'done'; readonly usage: Answer['usage']; readonly timings: RequestTimings };

/**
 * Describes a video segment by segment: batch work, where there is more than one. Each is work of its own for the engine, with its own place in the queue and
 * its own deadline, and nothing of it is kept here, so that length costs time and no memory. A segment without a frame
 * is left out: a container may be longer than its pictures.
 *
 * @throws NO_DECODABLE_FRAME when no segment has one; what the engine throws.
 */
export async function* captionVideo(
  engine: VisionLanguageEngine,
  task: VideoCaptionsTask,
  signal: AbortSignal,
): AsyncGenerator<VideoCaptionsEvent> {
  const startMs = performance.now();
  let total: Totals | undefined;
  for (const range of task.segments) {
    const beforeMs = performance.now() - startMs;
    try {
      const own = yield* captionSegment(engine, task, range, signal);
      total = total ? addTotals(total, own) : startTotals(own, beforeMs);
    } catch (error) {
      if (!(error instanceof SalamandraError) || error.code !== 'NO_DECODABLE_FRAME') throw error;
    }
  }
  if (!total) {
    throw new SalamandraError('NO_DECODABLE_FRAME', 'There is no frame in this part of the clip.');
  }
  const { usage, timings } = total;
  yield { type: 'done', usage, timings: { ...timings, totalMs: performance.now() - startMs } };
}

interface Totals {
  readonly usage: Answer['usage'];
  readonly timings: RequestTimings;
}

/** One segment, from its request to its texts. */
async function* captionSegment(
  engine: VisionLanguageEngine,
  { client, path, sampling, segments, languages, settings }: VideoCaptionsTask,
  range: TimeRange,
  signal: AbortSignal,
): AsyncGenerator<VideoCaptionsEvent, Totals> {
  const request: EngineRequest = {
    ...(client !== undefined && { client }),
    priority: segments.length > 1 ? 'batch' : 'interactive',
    media: [{ kind: 'video', path, sampling: { ...sampling, range } }],
    detail: 'auto',
    conversations: languages.map((language) => captionConversation('caption', language, 'video')),
    settings,
  };
  let report: MediaReport | undefined;
  let usage = NO_USAGE;
  // Answers come in the order in which they end.
  const texts = new Map<Language, string>();
  for await (const event of engine.generate(request, signal)) {
    switch (event.type) {
      case 'media':
        [report] = event.media;
        break;
      case 'text-delta': {
        const language = languages[event.conversation];
        if (language) yield { type: 'text-delta', range, language, text: event.text };
        break;
      }
      case 'answer': {
        const language = languages[event.conversation];
        if (language) texts.set(language, event.text);
        usage = addNumbers(usage, event.usage);
        break;
      }
      case 'done':
        yield { type: 'segment', segment: toSegment(range, report, inOrder(languages, texts)) };
        return { usage, timings: event.timings };
    }
  }
  throw new SalamandraError('INTERNAL', 'The work ended before its result.');
}

function inOrder(
  languages: readonly Language[],
  texts: ReadonlyMap<Language, string>,
): CaptionedSegment['texts'] {
  return languages.flatMap((language) => {
    const text = texts.get(language);
    return text === undefined ? [] : [{ language, text }];
  });
}

function toSegment(
  { startSeconds, endSeconds }: TimeRange,
  report: MediaReport | undefined,
  texts: CaptionedSegment['texts'],
): CaptionedSegment {
  if (report?.kind !== 'video') throw new Error('The engine reported no clip.');
  const frames = report.frames.map(({ timestampSeconds }) => timestampSeconds);
  // Where nothing says how long the clip is, it is seen to its last frame.
  const end = endSeconds ?? report.durationSeconds ?? frames.at(-1) ?? startSeconds;
  return { startSeconds, endSeconds: end, texts, frames };
}

const NO_USAGE = { promptTokens: 0, imageTokens: 0, cachedTokens: 0, completionTokens: 0 };

function startTotals({ usage, timings }: Totals, beforeMs: number): Totals {
  return { usage, timings: { ...timings, firstTokenMs: beforeMs + timings.firstTokenMs } };
}

/** Sums, but for the time to the first token, which was over with the first segment. */
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
