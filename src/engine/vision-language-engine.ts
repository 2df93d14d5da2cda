import type { FinishReason, StopReason } from '../decoder/sampling/generator.js';
import type { LogitsSettings } from '../decoder/sampling/logits-processors.js';
import type { SamplingSettings } from '../decoder/sampling/sampler.js';
import type { StopText } from '../decoder/sampling/stop-criteria.js';
import type { SalamandraError } from '../errors/salamandra-error.js';
import type { ChatMessage, TemplateVariables } from '../language/chat-template.js';
import type { EncodedFile } from '../media/byte-source.js';
import type { FrameSampling } from '../media/frame-sampling.js';
import type { GenerationDefaults, HubSource, Precision } from '../models/package/manifest.js';
import type { Detail } from '../vision/plan-tiles.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import type { AnswerFormat } from '../decoder/grammar/json-schema.js';
import type { MediaReport } from '../media/media-report.js';
import type { ExecutionEnvironment, Receipt } from './receipts/receipt.js';

/** Every setting of a request, completed by the defaults of the model; see `resolveSettings`. */
export interface GenerationSettings extends SamplingSettings, LogitsSettings {
  /** Limit of one answer, in tokens. */
  readonly maxTokens: number;
  /** Stop strings, in addition to those of the checkpoint. One that spells a control token stops at that token. */
  readonly stop: readonly string[];
  /** Token ids that end an answer, in addition to the end-of-text tokens of the model. */
  readonly stopTokenIds: readonly number[];
  /** Whether the stop string, or the text of the stop token, is removed from the answer. */
  readonly stopText: StopText;
  /** `ignore`: an answer ends at its length limit or a stop only. */
  readonly endOfText: 'stop' | 'ignore';
  /** Top log-probabilities to report per token, 0 to 20. Undefined reports none. */
  readonly topLogprobs?: number;
  /** The form that every answer has, unless a limit ends it before. Undefined: any text. */
  readonly answerFormat?: AnswerFormat;
}

/** An image or video that conversations reference. */
export type RequestMedia =
  /** The encoded file as received, in memory or on disk. */
  | ({
      readonly kind: 'image';
      /** The page of a document, counted from 1. Undefined: the one that the format chooses. */
      readonly page?: number | undefined;
    } & EncodedFile)
  /** A local file: an upload, or a path from the command line. */
  | { readonly kind: 'video'; readonly path: string; readonly sampling: FrameSampling };

/** Text that the model continues without a chat template. */
interface RawPrompt {
  readonly rawText: string;
}

/** Token ids that the model continues. The tokenizer adds none to them. */
interface TokenPrompt {
  readonly tokenIds: readonly number[];
}

/** Chat messages, oldest first, or a raw prompt as text or token ids. */
export type Conversation = readonly ChatMessage[] | RawPrompt | TokenPrompt;

/**
 * What each answer repeats of a raw prompt: `tokens`, or also the `logprobs` of them, with the top tokens of
 * `settings.topLogprobs`. Log-probabilities cost one decode step per prompt token, and use no cached prefix.
 */
export type PromptEcho = 'tokens' | 'logprobs';

/** Interactive requests go before batch requests. */
export type Priority = 'interactive' | 'batch';

/**
 * Media and conversations about them, which decode in parallel. Every conversation references every media item exactly
 * once, images in the order of the images and videos in the order of the videos. A raw prompt references none.
 */
export interface EngineRequest {
  /** Identifies the client for round-robin scheduling. Requests without one share one turn. */
  readonly client?: string;
  /** Default: interactive. */
  readonly priority?: Priority;
  /** Empty for a text-only request. */
  readonly media: readonly RequestMedia[];
  readonly detail: Detail;
  readonly conversations: readonly Conversation[];
  /** Variables for the chat template, such as `date_string`. Default: none. */
  readonly templateVariables?: TemplateVariables;
  readonly settings: GenerationSettings;
  /** Whether each answer carries a receipt. Default: false. */
  readonly receipts?: boolean | undefined;
  /** Default: nothing. Raw prompts only. Reports the stop token too, if `topLogprobs` is set. */
  readonly echo?: PromptEcho | undefined;
}

/** A token and its log-probability (natural logarithm). */
interface RankedToken {
  readonly id: number;
  /** Decoded text; control tokens verbatim; U+FFFD for a byte inside a UTF-8 character. */
  readonly text: string;
  /** UTF-8 bytes. The joined bytes of an answer are its text up to a stop string. */
  readonly bytes: readonly number[];
  /** Before temperature, top-k, top-p and penalties, as OpenAI reports it. */
  readonly logprob: number;
}

/** A sampled token and the top tokens of its step in descending order. */
export interface TokenLogprob extends RankedToken {
  readonly top: readonly RankedToken[];
}

/** A token of a prompt. */
export interface PromptToken extends Pick<RankedToken, 'id' | 'text'> {
  /** UTF-8 bytes that the token adds to the text; none for special tokens. */
  readonly bytes: readonly number[];
  /** Given the tokens before it; `null` for the first token, and without `logprobs`. */
  readonly logprob: number | null;
  /** Top tokens of this position in descending order; empty where `logprob` is null. */
  readonly top: readonly RankedToken[];
}

export interface Answer {
  /** Index into the request's conversations. */
  readonly conversation: number;
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly stopReason: StopReason;
  /**
   * `promptTokens` includes text, images and videos; `imageTokens` is the part of images and videos. `cachedTokens` is
   * the part that came from the prefix cache, or from the prefix shared with the first conversation of this request.
   */
  readonly usage: {
    readonly promptTokens: number;
    readonly imageTokens: number;
    readonly cachedTokens: number;
    readonly completionTokens: number;
  };
  /**
   * `prefillMs` and `decodeMs` are the durations of the graph runs that this conversation took part in. A shared run
   * counts in full, and the shared prefix counts for the first conversation. `firstTokenMs` starts with the
   * conversation's prefill and includes runs of others in between.
   */
  readonly timings: {
    readonly prefillMs: number;
    readonly decodeMs: number;
    readonly firstTokenMs: number;
  };
  /** All tokens, if `topLogprobs` was set. Without `echo` they exclude the stop token. */
  readonly tokens?: readonly TokenLogprob[];
  /** If `echo` was set. `text` is the raw text, or the decoded token ids without special tokens. */
  readonly prompt?: { readonly text: string; readonly tokens: readonly PromptToken[] };
  /** If the request asks for receipts, until `withReceipts` replaces it by one. */
  readonly evidence?: AnswerEvidence;
  readonly receipt?: Receipt;
}

/** What a receipt tells of an answer that only the engine knows. */
export interface AnswerEvidence {
  /** Of the token ids; see `hashTokenIds`. */
  readonly promptSha256: string;
  /** Of the tokens before the stop token, before temperature and penalties; `null` without tokens. */
  readonly meanLogprob: number | null;
  readonly minLogprob: number | null;
}

/**
 * `encodeMs`, `prefillMs` and `decodeMs` are the durations of the graph runs that this request took part in, each
 * counted once and in full, even if other requests shared it. The rest of `totalMs` is waiting time: `queueMs` until
 * admission, and runs of other requests.
 */
export interface RequestTimings {
  /** From the arrival to the admission. */
  readonly queueMs: number;
  readonly mediaDecodeMs: number;
  readonly tileMs: number;
  readonly encodeMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  /** From the arrival to the first text. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
}

/**
 * Events of a request: `media` once, then `text-delta`s and an `answer` per conversation, then `done`. Events of
 * several conversations interleave. Those of one conversation are in order, its answer last.
 */
export type EngineEvent =
  /** In the order of the request. */
  | { readonly type: 'media'; readonly media: readonly MediaReport[] }
  | {
      readonly type: 'text-delta';
      readonly conversation: number;
      readonly text: string;
      /** Tokens since the previous delta, if `topLogprobs` was set. Some of their text may follow later. */
      readonly tokens?: readonly TokenLogprob[];
    }
  | ({ readonly type: 'answer' } & Answer)
  | { readonly type: 'done'; readonly timings: RequestTimings };

export type InputModality = 'text' | 'image' | 'video';

/** Facts about a model that determine the tokens and the memory of a request. */
export interface ModelCosts {
  /** `null` for a text-only model. */
  readonly geometry: VisionGeometry | null;
  /** Text tokens of the longest caption prompt, chat template included; 0 without a chat template. */
  readonly instructionTokens: number;
  /** Weights of all graphs, in bytes. */
  readonly weightBytes: number;
  /** Keys and values of one position, in bytes. */
  readonly cacheBytesPerToken: number;
}

export interface ModelDescription {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  /** SHA-256 of the checkpoint's files. */
  readonly revision: string;
  readonly licence: string;
  /** `null` if the model was converted from a local folder. */
  readonly hub: HubSource | null;
  readonly precision: Precision;
  readonly inputModalities: readonly InputModality[];
  /** `raw`: a base model without a chat template accepts raw prompts only. */
  readonly prompts: 'chat-and-raw' | 'raw';
  /** Codes of the languages that the model offers, a part of LANGUAGES. */
  readonly languages: readonly string[];
  /** Context window in tokens: media, prompt and answer together. */
  readonly contextLength: number;
  /** Token ids are below it. */
  readonly vocabularySize: number;
  readonly costs: ModelCosts;
  readonly generation: GenerationDefaults;
  readonly environment: ExecutionEnvironment;
}

export interface LoadProgress {
  readonly step: string;
  /** 0 to 1; undefined if unknown. */
  readonly fraction?: number;
}

export type EngineStatus =
  | { readonly state: 'loading'; readonly progress: LoadProgress }
  | { readonly state: 'ready'; readonly model: ModelDescription }
  /** The model cannot be loaded, and a retry would not help. */
  | { readonly state: 'failed'; readonly error: SalamandraError }
  | { readonly state: 'closed' };

/** The interface of the HTTP server and the CLI to a model. */
export interface VisionLanguageEngine {
  status(): EngineStatus;
  /** Waits until the model is ready. @throws the reason if it cannot be loaded. */
  describe(): Promise<ModelDescription>;
  /**
   * Runs a request concurrently with others. Aborting the signal or leaving the loop cancels it.
   *
   * @param onStart called when the request is admitted.
   * @throws MODEL_NOT_READY, SHUTTING_DOWN, DEADLINE_EXCEEDED, CONTEXT_LENGTH_EXCEEDED,
   *   INVALID_PARAMETER, INVALID_REQUEST (also for media that the model does not support) and the media codes; the
   *   signal's reason if it aborts.
   */
  generate(
    request: EngineRequest,
    signal?: AbortSignal,
    onStart?: () => void,
  ): AsyncIterable<EngineEvent>;
  /** Cancels running requests and frees the model. */
  close(): Promise<void>;
}
