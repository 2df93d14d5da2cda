import type {
  CaptionResult,
  FinishReason,
  MediaReport,
  Segment,
  Timings,
  Usage,
} from '../service/api-types.js';
import type { CaptionRequest } from './caption-request.js';

/** One text of a run. */
export interface WrittenText {
  readonly text: string;
  /** `whole`: finished, and nobody said how. null: not finished, or not yet. */
  readonly ending: FinishReason | 'whole' | null;
}

/** A stretch of a clip, or all of a picture or a clip, and its texts by language. */
export interface CaptionPart {
  /** In seconds; null: all of it. `end` is null until the service says it, with the finished texts. */
  readonly range: { readonly start: number; readonly end: number | null } | null;
  readonly texts: Readonly<Record<string, WrittenText>>;
  /** When the frames are that were looked at; known of finished segments. */
  readonly frames: readonly number[];
}

export type RunPhase =
  | { readonly name: 'queued' }
  | { readonly name: 'uploading'; readonly fraction: number }
  | { readonly name: 'looking' }
  | { readonly name: 'writing' }
  | { readonly name: 'done' }
  | { readonly name: 'stopped' }
  | { readonly name: 'failed'; readonly error: unknown };

/** What was asked about one file, and what has come of it. */
export interface CaptionRun {
  readonly file: string;
  readonly request: CaptionRequest;
  readonly phase: RunPhase;
  readonly model: string | null;
  /** What the service made of the file. */
  readonly media: MediaReport | ProgrammeReport | null;
  readonly parts: readonly CaptionPart[];
  /** Of the text that took most; of a run by segments, of all its texts together. */
  readonly usage: Usage | null;
  readonly timings: Timings | null;
  /** The last run about this file that brought something; kept until this one does. */
  readonly earlier: CaptionRun | null;
}

/** What the service says of a clip that it cuts into segments. */
interface ProgrammeReport {
  readonly kind: 'video';
  readonly width: number;
  readonly height: number;
  readonly duration_seconds: number | null;
}

/** A run before its turn. */
export function createRun(
  file: string,
  request: CaptionRequest,
  before: CaptionRun | null = null,
): CaptionRun {
  const earlier = before && shownRun(before);
  return {
    ...{ file, request, phase: { name: 'queued' }, model: null, media: null },
    ...{ parts: [], usage: null, timings: null },
    earlier: earlier && hasText(earlier) ? { ...earlier, earlier: null } : null,
  };
}

/** The run whose texts are there to read: this one, or the one before where this one ended in vain. */
export function shownRun(run: CaptionRun): CaptionRun {
  return run.earlier && !isUnderWay(run) && !hasText(run) ? run.earlier : run;
}

/** The languages with a place of their own: all of them at first, and in the end those with a text. */
export function shownLanguages(run: CaptionRun): readonly string[] {
  const { request, parts } = run;
  if (isUnderWay(run)) return request.languages;
  return request.languages.filter((code) => parts.some(({ texts }) => texts[code]));
}

/** The run after an event of its stream. Events it does not know change nothing. */
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

/** Whether a run waits or is being worked at. */
export function isUnderWay({ phase: { name } }: CaptionRun): boolean {
  return name !== 'done' && name !== 'stopped' && name !== 'failed';
}

/** Whether anything was written. */
export function hasText({ parts }: CaptionRun): boolean {
  return parts.some(({ texts }) => Object.values(texts).some(({ text }) => text !== ''));
}

/**
 * What is left to ask of a run that did not come to its end: the languages without a finished text. Segments begin anew:
 * their cuts belong together.
 */
export function remainingRequest({ request, parts }: CaptionRun): CaptionRequest {
  if (request.of === 'segments') return request;
  const isMissing = (code: string) => (parts[0]?.texts[code]?.ending ?? null) === null;
  return { ...request, languages: request.languages.filter(isMissing) };
}

/** The run as it is when what remains is asked for: in its turn, with finished texts only; done if nothing remains. */
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
  /** Of the segment, in a run by segments. */
  readonly start?: number;
  readonly language: string;
  readonly text: string;
}

/** Segments come one after another: what is not finished is the last. */
function addDelta(run: CaptionRun, { start, language, text }: Delta): CaptionRun {
  const range = start === undefined ? null : { start, end: null };
  const { before, part } = splitLast(run, range);
  const written = part.texts[language]?.text ?? '';
  const texts = { ...part.texts, [language]: { text: written + text, ending: null } };
  return {
    ...run,
    phase: { name: 'writing' },
    parts: [...before, { ...part, texts }],
  };
}

function addCaption(run: CaptionRun, result: CaptionResult): CaptionRun {
  const { language, text, finish_reason: ending, usage } = result;
  const { before, part } = splitLast(run, null);
  const texts = { ...part.texts, [language]: { text, ending } };
  return {
    ...run,
    phase: { name: 'writing' },
    parts: [...before, { ...part, texts }],
    usage: run.usage && sizeOf(run.usage) > sizeOf(usage) ? run.usage : usage,
  };
}

function addSegment(run: CaptionRun, { start, end, texts, frames }: Segment): CaptionRun {
  const { before } = splitLast(run, { start, end });
  const written = Object.entries(texts).map(([language, text]): [string, WrittenText] => [
    language,
    { text, ending: 'whole' },
  ]);
  const part = { range: { start, end }, texts: Object.fromEntries(written), frames };
  return { ...run, phase: { name: 'writing' }, parts: [...before, part] };
}

interface SplitParts {
  readonly before: readonly CaptionPart[];
  readonly part: CaptionPart;
}

/** The part that is being written, a new one of this range if there is none, and the parts before. */
function splitLast({ parts }: CaptionRun, range: CaptionPart['range']): SplitParts {
  const last = parts.at(-1);
  const isOpen = last !== undefined && (last.range === null || last.range.end === null);
  return isOpen
    ? { before: parts.slice(0, -1), part: last }
    : { before: parts, part: { range, texts: {}, frames: [] } };
}

function sizeOf({ prompt_tokens, completion_tokens }: Usage): number {
  return prompt_tokens + completion_tokens;
}
