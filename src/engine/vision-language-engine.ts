import type { FinishReason } from '../decoder/sampling/generate.js';
import type { SamplingSettings } from '../decoder/sampling/sampler.js';
import type { SalamandraError } from '../errors/salamandra-error.js';
import type { ChatMessage } from '../language/chat-template.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import type { GenerationDefaults, HubSource, Precision } from '../models/package/manifest.js';
import type { Detail } from '../vision/plan-tiles.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { MediaReport } from '../media/media-report.js';

export interface GenerationSettings extends SamplingSettings {
  /** Tokens of one answer at most. */
  readonly maxTokens: number;
  /** Texts that end an answer; they are not part of it. */
  readonly stop: readonly string[];
  /** How many likeliest tokens to report at each step, 0 to 20. Absent: no probabilities at all. */
  readonly topLogprobs?: number;
}

/** A picture or a clip that conversations show. */
export type RequestMedia =
  /** An encoded file, as received. */
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  /** A local file that the service itself wrote, or that the user of the command line named. */
  | { readonly kind: 'video'; readonly path: string; readonly sampling: FrameSampling };

/** Text that the model goes on with as it stands: no chat template is put around it. */
interface RawPrompt {
  readonly rawText: string;
}

/** What the model is given: messages, oldest first, or the beginning of a text. */
export type Conversation = readonly ChatMessage[] | RawPrompt;

/** Whether somebody waits for the answer, or it is one of many that a long job asks for. */
export type Priority = 'interactive' | 'batch';

/**
 * Work for the engine: pictures and clips, and conversations about them that are answered side by side. Every
 * conversation shows every one of the media once: pictures in order among pictures, clips among clips. A raw prompt
 * shows none.
 */
export interface EngineRequest {
  /** Whose work it is, in any form: those named differently take turns. Absent: all such requests have one client. */
  readonly client?: string;
  /** Absent: interactive, which goes before batch. */
  readonly priority?: Priority;
  /** Empty for text alone. */
  readonly media: readonly RequestMedia[];
  readonly detail: Detail;
  readonly conversations: readonly Conversation[];
  readonly settings: GenerationSettings;
}

/** A token and the natural logarithm of its probability. */
interface RankedToken {
  readonly id: number;
  /** Control tokens as they are written; a byte that is part of a character as U+FFFD. */
  readonly text: string;
  /** UTF-8; those of an answer's tokens, one after another, are its text up to a stop string. */
  readonly bytes: readonly number[];
  /** Of the model's own distribution, before temperature, top-k, top-p and penalties, as OpenAI reports it. */
  readonly logprob: number;
}

/** A sampled token beside the likeliest ones at its step, likeliest first. */
export interface TokenLogprob extends RankedToken {
  readonly top: readonly RankedToken[];
}

export interface Answer {
  /** Index into the request's conversations. */
  readonly conversation: number;
  readonly text: string;
  readonly finishReason: FinishReason;
  /**
   * `promptTokens` counts text, pictures and clips; `imageTokens` is the part of pictures and clips, `cachedTokens` the
   * part that was not read for this conversation: read before, by an earlier request, or for the first of this one.
   */
  readonly usage: {
    readonly promptTokens: number;
    readonly imageTokens: number;
    readonly cachedTokens: number;
    readonly completionTokens: number;
  };
  /**
   * `prefillMs` and `decodeMs` are those of the runs this conversation had a part in; one shared with others counts in
   * full, and the beginning that a request's conversations have in common counts for the first. `firstTokenMs` runs from
   * the start of this conversation's prefill, and has in it what others' runs took between its own.
   */
  readonly timings: {
    readonly prefillMs: number;
    readonly decodeMs: number;
    readonly firstTokenMs: number;
  };
  /** Every token but the stop token, with its probability; absent unless asked for. */
  readonly tokens?: readonly TokenLogprob[];
}

/**
 * `encodeMs`, `prefillMs` and `decodeMs` are the times of the runs that this request had a part in, each counted once and
 * in full, also where it worked for other requests as well. What is left of `totalMs` was waiting: `queueMs` before
 * anything was done, the rest for runs of others.
 */
export interface RequestTimings {
  /** Until the request had a place among those that are worked at. */
  readonly queueMs: number;
  readonly mediaDecodeMs: number;
  readonly tileMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  /** From the arrival of the request to the first piece of text. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

/**
 * What a request yields: media once, then deltas and an answer for each conversation, then done. Deltas of several
 * conversations may alternate, and answers come as they end; those of one conversation are in order, its answer last.
 */
export type EngineEvent =
  /** In the order of the request. */
  | { readonly type: 'media'; readonly media: readonly MediaReport[] }
  | {
      readonly type: 'text-delta';
      readonly conversation: number;
      readonly text: string;
      /** Those sampled since the delta before, some of whose text may follow later; absent unless asked for. */
      readonly tokens?: readonly TokenLogprob[];
    }
  | ({ readonly type: 'answer' } & Answer)
  | { readonly type: 'done'; readonly timings: RequestTimings };

/** What a request may hold. */
export type InputModality = 'text' | 'image' | 'video';

/** What decides, before any work, how much of a model's context and memory a request will take. */
export interface ModelCosts {
  /** Null: the model reads text alone. */
  readonly geometry: VisionGeometry | null;
  /** Ids of the longest instruction to caption a picture, the chat template around it included; 0 without a template. */
  readonly instructionTokens: number;
  /** Bytes of the graphs' weights. */
  readonly weightBytes: number;
  /** Bytes of keys and values for each position. */
  readonly cacheBytesPerToken: number;
}

export interface ModelDescription {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  /** SHA-256 over the checkpoint's files. */
  readonly revision: string;
  readonly licence: string;
  /** Null: the model was converted from a folder. */
  readonly hub: HubSource | null;
  readonly precision: Precision;
  readonly inputModalities: readonly InputModality[];
  /** `raw`: the model has no chat template, as base models have none, and takes raw prompts only. */
  readonly prompts: 'chat-and-raw' | 'raw';
  /** Positions for pictures, prompt and answer together. */
  readonly contextLength: number;
  readonly costs: ModelCosts;
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

/** Answers conversations about pictures and clips. The CLI and the HTTP server know no more of the model than this. */
export interface VisionLanguageEngine {
  status(): EngineStatus;
  /** Waits until the model is ready. @throws the reason when it will not be. */
  describe(): Promise<ModelDescription>;
  /**
   * Runs a request beside others; aborting the signal or leaving the loop stops the work.
   *
   * @param onStart called when the request waits no longer for others.
   * @throws MODEL_NOT_READY, SHUTTING_DOWN, QUEUE_FULL, DEADLINE_EXCEEDED, CONTEXT_LENGTH_EXCEEDED,
   *   INVALID_PARAMETER, INVALID_REQUEST, also for what the model does not take, and the media codes; the signal's
   *   reason when it aborts.
   */
  generate(
    request: EngineRequest,
    signal?: AbortSignal,
    onStart?: () => void,
  ): AsyncIterable<EngineEvent>;
  /** Ends running work and frees what the model holds. */
  close(): Promise<void>;
}
