/** What the service's HTTP interface answers, as far as the page reads it; /openapi.json is the reference. */

export interface Language {
  readonly code: string;
  /** In the language itself. */
  readonly name: string;
  readonly english_name: string;
}

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly precision: string;
  /** `text` alone, or with `image` and `video`. */
  readonly architecture: { readonly input_modalities: readonly string[] };
  /** Tokens of media, text and answer together. */
  readonly context_length: number;
}

export interface ImageReport {
  readonly kind: 'image';
  /** Pixels of the upright picture. */
  readonly width: number;
  readonly height: number;
  /** Those that were encoded, the whole picture as one of them. */
  readonly tiles: number;
  /** null: the whole picture alone. */
  readonly grid: { readonly rows: number; readonly columns: number } | null;
  readonly detail: 'low' | 'auto' | 'high';
  readonly visual_tokens: number;
}

export interface VideoReport {
  readonly kind: 'video';
  /** Pixels of the upright frames. */
  readonly width: number;
  readonly height: number;
  /** null where the file does not say. */
  readonly duration_seconds: number | null;
  /** When the frames are that were looked at, in seconds. */
  readonly frames: readonly number[];
  readonly frames_wished: number;
  readonly visual_tokens: number;
}

export type MediaReport = ImageReport | VideoReport;

export interface Usage {
  /** Text, pictures and clips. */
  readonly prompt_tokens: number;
  /** The part of pictures and clips. */
  readonly image_tokens: number;
  /** The part read already for the text before. */
  readonly cached_tokens: number;
  readonly completion_tokens: number;
}

/** Of one text, in milliseconds. */
interface TextTimings {
  readonly prefill_ms: number;
  readonly first_token_ms: number;
  readonly generate_ms: number;
}

/** Of a whole request, in milliseconds. */
export interface Timings extends TextTimings {
  readonly decode_ms: number;
  readonly tile_ms: number;
  readonly encode_ms: number;
  readonly total_ms: number;
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
}

export interface AnswerResult {
  /** The id of the question. */
  readonly id: string;
  readonly language: string;
  readonly text: string;
  readonly finish_reason: FinishReason;
  readonly usage: Usage;
  readonly timings: TextTimings;
  /** Absent unless asked for. */
  readonly tokens?: readonly TokenLogprob[];
}

/** A token's text and the natural logarithm of its probability. */
interface RankedToken {
  readonly text: string;
  readonly logprob: number;
}

/** A sampled token beside the likeliest ones at its step, likeliest first. */
export interface TokenLogprob extends RankedToken {
  readonly top: readonly RankedToken[];
}

/** A stretch of a clip and what was written about it. */
export interface Segment {
  /** Seconds from the beginning of the clip. */
  readonly start: number;
  readonly end: number;
  /** By language code. */
  readonly texts: Readonly<Record<string, string>>;
  readonly frames: readonly number[];
}

/** Why a request failed (RFC 9457). */
export interface Problem {
  readonly code: string;
  /** A sentence in English. */
  readonly detail: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Numbers and names that explain the fault. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** A file that the service brings along for a first try. */
export interface Sample {
  readonly file: string;
  readonly kind: 'image' | 'video';
  readonly url: string;
}
