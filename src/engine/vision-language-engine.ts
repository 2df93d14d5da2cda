import type { FinishReason } from '../decoder/generate.js';
import type { SamplingSettings } from '../decoder/sampler.js';
import type { SalamandraError } from '../errors/salamandra-error.js';
import type { ChatMessage } from '../language/chat-template.js';
import type { GenerationDefaults, Precision } from '../model-store/manifest.js';
import type { Detail } from '../vision/plan-tiles.js';
import type { TileGrid } from '../vision/vision-geometry.js';

export interface GenerationSettings extends SamplingSettings {
  /** Tokens of one answer at most. */
  readonly maxTokens: number;
  /** Texts that end an answer; they are not part of it. */
  readonly stop: readonly string[];
}

/** Work for the engine: pictures, and conversations about them that are answered one after another. */
export interface EngineRequest {
  /** Encoded files, as received. */
  readonly images: readonly Uint8Array[];
  readonly detail: Detail;
  readonly conversations: readonly (readonly ChatMessage[])[];
  readonly settings: GenerationSettings;
}

export interface ImageReport {
  readonly width: number;
  readonly height: number;
  readonly tiles: number;
  readonly grid: TileGrid | null;
  readonly visualTokens: number;
  /** Of the encoded bytes, lower-case hex. */
  readonly sha256: string;
}

export interface Answer {
  /** Index into the request's conversations. */
  readonly conversation: number;
  readonly text: string;
  readonly finishReason: FinishReason;
  /** `promptTokens` counts text and pictures; `imageTokens` is the pictures' part of it. */
  readonly usage: {
    readonly promptTokens: number;
    readonly imageTokens: number;
    readonly completionTokens: number;
  };
  /** `firstTokenMs` runs from the start of this conversation's prefill. */
  readonly timings: {
    readonly prefillMs: number;
    readonly decodeMs: number;
    readonly firstTokenMs: number;
  };
}

export interface RequestTimings {
  readonly decodeMediaMs: number;
  readonly tileMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  /** From the start of the work to the first piece of text. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

/** What a request yields: media once, then deltas and an answer for each conversation, then done. */
export type EngineEvent =
  | { readonly type: 'media'; readonly images: readonly ImageReport[] }
  | { readonly type: 'text-delta'; readonly conversation: number; readonly text: string }
  | ({ readonly type: 'answer' } & Answer)
  | { readonly type: 'done'; readonly timings: RequestTimings };

export interface ModelDescription {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  /** SHA-256 over the checkpoint's files. */
  readonly revision: string;
  readonly licence: string;
  readonly precision: Precision;
  /** Positions for pictures, prompt and answer together. */
  readonly contextLength: number;
  readonly generation: GenerationDefaults;
}

/** How far a model is on its way to being ready. */
export interface LoadProgress {
  readonly step: string;
  /** 0 to 1, absent where it is not known. */
  readonly fraction?: number;
}

export type EngineStatus =
  | { readonly state: 'loading'; readonly progress: LoadProgress }
  | { readonly state: 'ready'; readonly model: ModelDescription }
  /** The model is unusable, and trying again would not change that. */
  | { readonly state: 'failed'; readonly error: SalamandraError }
  | { readonly state: 'closed' };

/** Answers conversations about pictures. The CLI and the HTTP server know no more of the model than this. */
export interface VisionLanguageEngine {
  status(): EngineStatus;
  /** Waits until the model is ready. @throws the reason when it will not be. */
  describe(): Promise<ModelDescription>;
  /**
   * Runs a request; aborting the signal or leaving the loop stops the work.
   *
   * @throws MODEL_NOT_READY, SHUTTING_DOWN, QUEUE_FULL, DEADLINE_EXCEEDED, CONTEXT_LENGTH_EXCEEDED,
   *   INVALID_PARAMETER, INVALID_REQUEST and the media codes; the signal's reason when it aborts.
   */
  generate(request: EngineRequest, signal?: AbortSignal): AsyncIterable<EngineEvent>;
  /** Ends running work and frees what the model holds. */
  close(): Promise<void>;
}
