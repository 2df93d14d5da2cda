/** The replies of the HTTP API, limited to the fields that the page uses. The reference is /openapi.json. */

export interface Language {
  readonly code: string;
  /** The language's own name. */
  readonly name: string;
  readonly english_name: string;
}

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly precision: string;
  /** Contains `text`, `image` if the model has a vision encoder, and `video` if it takes videos. */
  readonly architecture: { readonly input_modalities: readonly string[] };
  /** Codes of the languages that the model offers. */
  readonly languages: readonly string[];
  /** Maximum number of tokens: visual, text and output tokens together. */
  readonly context_length: number;
}

export interface ImageReport {
  readonly kind: 'image';
  /** Pixels, after the EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** Number of encoded tiles, including the base tile. */
  readonly tiles: number;
  /** `null` if only the base tile was encoded. */
  readonly grid: { readonly rows: number; readonly columns: number } | null;
  readonly detail: 'low' | 'auto' | 'high';
  readonly visual_tokens: number;
  /** Whether the image shows one uniform color. */
  readonly blank: boolean;
}

export interface VideoReport {
  readonly kind: 'video';
  /** Pixels, after rotation. */
  readonly width: number;
  readonly height: number;
  /** `null` if the file does not declare a duration. */
  readonly duration_seconds: number | null;
  /** Timestamps of the sampled frames, in seconds. */
  readonly frames: readonly number[];
  readonly frames_requested: number;
  readonly visual_tokens: number;
}

export type MediaReport = ImageReport | VideoReport;

export interface Usage {
  /** Text and visual tokens. */
  readonly prompt_tokens: number;
  /** Visual tokens of images and videos. */
  readonly image_tokens: number;
  /** Tokens taken from the prefix cache. */
  readonly cached_tokens: number;
  readonly completion_tokens: number;
}

/** Timings of one text, in milliseconds. */
interface TextTimings {
  readonly prefill_ms: number;
  readonly first_token_ms: number;
  readonly decode_ms: number;
}

/** Timings of a request, in milliseconds. */
export interface Timings extends TextTimings {
  readonly media_decode_ms: number;
  readonly tile_ms: number;
  readonly encode_ms: number;
  readonly total_ms: number;
}

/** Whether a text is in the language that was asked for. */
export interface LanguageCheck {
  readonly result: 'ok' | 'other' | 'unknown';
  /** Code of the language that it looks like. */
  readonly looks_like: string | null;
  /** Whether only a part of the text is in another language. */
  readonly mixed: boolean;
}

export type FinishReason = 'stop' | 'length' | 'repetition' | 'cancelled';

export type CaptionKind = 'caption' | 'alt' | 'long' | 'keywords';

export interface CaptionResult {
  readonly language: string;
  readonly kind: CaptionKind;
  readonly text: string;
  readonly finish_reason: FinishReason;
  readonly usage: Usage;
  readonly timings: TextTimings;
  readonly language_check?: LanguageCheck | null;
}

export interface AnswerResult {
  /** The question's id. */
  readonly id: string;
  readonly language: string;
  readonly text: string;
  readonly finish_reason: FinishReason;
  readonly usage: Usage;
  readonly timings: TextTimings;
  /** Undefined unless the request sets `top_logprobs`. */
  readonly tokens?: readonly TokenLogprob[];
  readonly language_check?: LanguageCheck | null;
}

/** A token's text and the natural logarithm of its probability. */
interface RankedToken {
  readonly text: string;
  readonly logprob: number;
}

/** A sampled token and the most probable tokens of its step, in descending order. */
export interface TokenLogprob extends RankedToken {
  readonly top: readonly RankedToken[];
}

/** A segment of a video and its captions. */
export interface Segment {
  /** Seconds from the start of the video. */
  readonly start: number;
  readonly end: number;
  /** Captions, keyed by language code. */
  readonly texts: Readonly<Record<string, string>>;
  /** Timestamps of the sampled frames, in seconds. */
  readonly frames: readonly number[];
  /** By language code. */
  readonly language_checks?: Readonly<Record<string, LanguageCheck | null>>;
}

/** An error reply (RFC 9457). */
export interface Problem {
  readonly code: string;
  /** English sentence. */
  readonly detail: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Values, limits and parameter names, keyed as in the HTTP API. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** A segment without captions, and why. */
export interface MissingSegment extends Problem {
  /** Seconds. */
  readonly start: number;
  /** `null` for the end of the video. */
  readonly end: number | null;
}

/** A sample file that the service provides. */
export interface Sample {
  readonly file: string;
  readonly kind: 'image' | 'video';
  readonly url: string;
}
