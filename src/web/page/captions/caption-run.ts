import type {
  CaptionResult,
  FinishReason,
  LanguageCheck,
  MediaReport,
  MissingSegment,
  Segment,
  Timings,
  Usage,
} from '../service/api-types.js';
import type { CaptionRequest } from './caption-request.js';

/** A caption of a run. */
export interface WrittenText {
  readonly text: string;
  /** `complete`: finished without a finish reason, as in segments. `null`: unfinished. */
  readonly ending: FinishReason | 'complete' | null;
  /** Undefined until the text is finished. */
  readonly check?: LanguageCheck | null | undefined;
}

/** A segment of a video, or a whole image or video, and its captions by language. */
export interface CaptionPart {
  /** Seconds; `null` for a whole image or video. `end` is `null` until the segment is finished. */
  readonly range: { readonly start: number; readonly end: number | null } | null;
  readonly texts: Readonly<Record<string, WrittenText>>;
  /** Timestamps of the sampled frames, in seconds; empty until the segment is finished. */
  readonly frames: readonly number[];
  /** Why a segment has no captions. */
  readonly error?: MissingSegment;
}

export type RunPhase =
  | { readonly name: 'queued' }
  | { readonly name: 'uploading'; readonly fraction: number }
  | { readonly name: 'processing' }
  | { readonly name: 'writing' }
  | { readonly name: 'done' }
  | { readonly name: 'stopped' }
  | { readonly name: 'failed'; readonly error: unknown };

/** A caption request for one file, its state and its results. */
export interface CaptionRun {
  readonly file: string;
  readonly request: CaptionRequest;
  readonly phase: RunPhase;
  readonly model: string | null;
  readonly media: MediaReport | SegmentedVideoReport | null;
  readonly parts: readonly CaptionPart[];
  /** The usage of the text with the most tokens. For a segmented video, the sum of all texts. */
  readonly usage: Usage | null;
  /** The language of that text; `null` for a segmented video. */
  readonly usageLanguage: string | null;
  readonly timings: Timings | null;
  /** The last run of this file that has text; shown until this run has text. */
  readonly earlier: CaptionRun | null;
}

/** The media report of a segmented video, which has no frames and tokens of its own. */
interface SegmentedVideoReport {
  readonly kind: 'video';
  readonly width: number;
  readonly height: number;
  readonly duration_seconds: number | null;
}

/** Creates a queued run. */
export function createRun(
  file: string,
  request: CaptionRequest,
  previous: CaptionRun | null = null,
): CaptionRun {
  const earlier = previous && shownRun(previous);
  return {
    ...{ file, request, phase: { name: 'queued' }, model: null, media: null },
    ...{ parts: [], usage: null, usageLanguage: null, timings: null },
    earlier: earlier && hasText(earlier) ? { ...earlier, earlier: null } : null,
  };
}

/** The run to show: the earlier one if this run ended without any text. */
export function shownRun(run: CaptionRun): CaptionRun {
  return run.earlier && !isRunning(run) && !hasText(run) ? run.earlier : run;
}

/** The languages to show a card for: all requested ones while the run is active, afterwards those with a text. */
export function shownLanguages(run: CaptionRun): readonly string[] {
  const { request, parts } = run;
  if (isRunning(run)) return request.languages;
  return request.languages.filter((code) => parts.some(({ texts }) => texts[code]));
}

/** Applies an event of the stream. Unknown events are ignored. */
export function applyEvent(run: CaptionRun, name: string, data: unknown): CaptionRun {
  switch (name) {
    case 'media': {
      const { model, media } = data as Pick<CaptionRun, 'model' | 'media'>;
      return { ...run, model, media };
    }
    case 'text-delta':
      return addDelta(run, data as Delta);
    case 'caption':
      return addCaption(run, data as CaptionResult);
    case 'segment':
      return addSegment(run, data as Segment);
    case 'restart':
      return { ...run, parts: splitCurrentPart(run, null).finished };
    case 'missing':
      return addMissing(run, data as MissingSegment);
    case 'usage':
      return run.request.of === 'segments' ? { ...run, usage: data as Usage } : run;
    case 'done':
      return {
        ...run,
        timings: (data as { readonly timings: Timings }).timings,
        phase: { name: 'done' },
      };
    default:
      return run;
  }
}

/** Whether a run is queued or active. */
export function isRunning({ phase: { name } }: CaptionRun): boolean {
  return name !== 'done' && name !== 'stopped' && name !== 'failed';
}

/** Whether any caption has text. */
export function hasText({ parts }: CaptionRun): boolean {
  return parts.some(({ texts }) => Object.values(texts).some(({ text }) => text !== ''));
}

/**
 * The request that completes an unfinished run: the languages without a finished text. A segmented video is requested
 * again as a whole, because a new shot detection may not return the same segments.
 */
export function remainingRequest({ request, parts }: CaptionRun): CaptionRequest {
  if (request.of === 'segments') return request;
  const isMissing = (code: string) => (parts[0]?.texts[code]?.ending ?? null) === null;
  return { ...request, languages: request.languages.filter(isMissing) };
}

/** Resets an unfinished run for `remainingRequest`: queued, finished texts only. Done if no text is missing. */
export function rewindRun(run: CaptionRun): CaptionRun {
  if (remainingRequest(run).languages.length === 0) return { ...run, phase: { name: 'done' } };
  const next = { ...run, phase: { name: 'queued' }, timings: null } as const;
  if (run.request.of === 'segments') return { ...next, parts: [], usage: null };
  const keepFinished = (part: CaptionPart): CaptionPart => ({
    ...part,
    texts: Object.fromEntries(
      Object.entries(part.texts).filter(([, { ending }]) => ending !== null),
    ),
  });
  return { ...next, parts: run.parts.map(keepFinished) };
}

interface Delta {
  /** Start of the segment, in seconds. Undefined unless the video is segmented. */
  readonly start?: number;
  readonly language: string;
  readonly text: string;
}

/** Segments arrive in order, so a delta belongs to the last part unless that is finished. */
function addDelta(run: CaptionRun, { start, language, text }: Delta): CaptionRun {
  const range = start === undefined ? null : { start, end: null };
  const { finished, part } = splitCurrentPart(run, range);
  const written = part.texts[language]?.text ?? '';
  const texts = { ...part.texts, [language]: { text: written + text, ending: null } };
  return {
    ...run,
    phase: { name: 'writing' },
    parts: [...finished, { ...part, texts }],
  };
}

function addCaption(run: CaptionRun, result: CaptionResult): CaptionRun {
  const { language, text, finish_reason: ending, usage, language_check: check } = result;
  const { finished, part } = splitCurrentPart(run, null);
  const texts = { ...part.texts, [language]: { text, ending, check } };
  return {
    ...run,
    phase: { name: 'writing' },
    parts: [...finished, { ...part, texts }],
    ...(run.usage === null || totalTokens(usage) > totalTokens(run.usage)
      ? { usage, usageLanguage: language }
      : {}),
  };
}

function addSegment(run: CaptionRun, segment: Segment): CaptionRun {
  const { start, end, texts, frames, language_checks: checks } = segment;
  const { finished } = splitCurrentPart(run, { start, end });
  const written = Object.entries(texts).map(([language, text]): [string, WrittenText] => [
    language,
    { text, ending: 'complete', check: checks?.[language] },
  ]);
  const part = { range: { start, end }, texts: Object.fromEntries(written), frames };
  return { ...run, phase: { name: 'writing' }, parts: [...finished, part] };
}

function addMissing(run: CaptionRun, error: MissingSegment): CaptionRun {
  const { start, end } = error;
  const duration = run.media?.kind === 'video' ? run.media.duration_seconds : null;
  const range = { start, end: end ?? duration ?? start };
  const { finished } = splitCurrentPart(run, range);
  return { ...run, parts: [...finished, { range, texts: {}, frames: [], error }] };
}

interface SplitParts {
  readonly finished: readonly CaptionPart[];
  readonly part: CaptionPart;
}

/** Separates the unfinished last part from the finished ones. Creates a part of `range` if all are finished. */
function splitCurrentPart({ parts }: CaptionRun, range: CaptionPart['range']): SplitParts {
  const last = parts.at(-1);
  const isOpen = last !== undefined && (last.range === null || last.range.end === null);
  return isOpen
    ? { finished: parts.slice(0, -1), part: last }
    : { finished: parts, part: { range, texts: {}, frames: [] } };
}

function totalTokens({ prompt_tokens, completion_tokens }: Usage): number {
  return prompt_tokens + completion_tokens;
}
