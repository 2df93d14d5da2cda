import { hash } from 'node:crypto';

import type { AnswerFormat } from '../../decoder/grammar/json-schema.js';
import type { FinishReason } from '../../decoder/sampling/generator.js';
import type { ChatMessage } from '../../language/chat-template.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import type { Precision } from '../../models/package/manifest.js';
import type { Detail } from '../../vision/plan-tiles.js';
import type { TileGrid } from '../../vision/vision-geometry.js';

/** What determines the texts of a model besides the request. */
export interface ExecutionEnvironment {
  /** SHA-256 of the package: of its manifest, which has those of all files. */
  readonly packageSha256: string;
  /** SHA-256 of the chat template; `null` for a model without one. */
  readonly templateSha256: string | null;
  readonly versions: Receipt['versions'];
  readonly machine: Receipt['machine'];
}

/** How a text came about, in its JSON form. Everything that a replay needs besides the files and the package. */
export interface Receipt {
  readonly format: 1;
  /** ISO 8601. */
  readonly created: string;
  readonly model: {
    readonly id: string;
    /** SHA-256 of the checkpoint's files. */
    readonly revision: string;
    readonly package_sha256: string;
    readonly precision: Precision;
  };
  readonly versions: {
    readonly visual_salamandra: string;
    readonly onnxruntime: string;
    readonly node: string;
  };
  readonly machine: {
    readonly architecture: string;
    readonly processor: string;
    /** Those that decide which kernels run; see `InstructionSet`. */
    readonly instruction_sets: readonly string[];
    /** Threads of one run of a graph. */
    readonly threads: number;
  };
  readonly prompt: ReceiptPrompt;
  readonly settings: ReceiptSettings;
  /** In the order of the request. */
  readonly media: readonly ReceiptMedia[];
  readonly text: {
    /** Of the text in UTF-8. */
    readonly sha256: string;
    /** Generated tokens, the end-of-text token included. */
    readonly tokens: number;
    readonly finish_reason: FinishReason;
  };
  /** Natural logarithms of the probabilities of the tokens; `null` for a text without any. */
  readonly scores: { readonly mean_logprob: number | null; readonly min_logprob: number | null };
  /** Undefined if the home folder has no room for a key. */
  readonly signature?: ReceiptSignature;
}

export type ReceiptPrompt = {
  /** SHA-256 of the token ids as 32-bit little-endian numbers, a placeholder for each visual token. */
  readonly sha256: string;
  readonly template_sha256: string | null;
} & (
  | {
      readonly messages: readonly ChatMessage[];
      /** Variables of the chat template. */
      readonly variables: Readonly<Record<string, unknown>>;
    }
  | { readonly raw: string }
);

export interface ReceiptSettings {
  readonly max_tokens: number;
  readonly temperature: number;
  readonly top_p: number;
  readonly top_k: number;
  readonly min_p: number;
  readonly seed: number;
  readonly repetition_penalty: number;
  readonly frequency_penalty: number;
  readonly presence_penalty: number;
  readonly min_tokens: number;
  readonly stop: readonly string[];
  readonly stop_token_ids: readonly number[];
  readonly stop_text: 'cut' | 'keep';
  readonly end_of_text: 'stop' | 'ignore';
  /** By token id. */
  readonly logit_bias: Readonly<Record<string, number>>;
  /** Undefined for any text. */
  readonly answer_format?: AnswerFormat;
}

export type ReceiptMedia =
  | {
      readonly kind: 'image';
      readonly sha256: string;
      /** As requested; `null` for the one that the format chooses. */
      readonly page: number | null;
      readonly detail: Detail;
      readonly tiles: number;
      readonly grid: TileGrid | null;
      readonly visual_tokens: number;
    }
  | {
      readonly kind: 'video';
      readonly sha256: string;
      readonly sampling: ReceiptSampling;
      /** Timestamps of the frames, in seconds. */
      readonly frames: readonly number[];
      readonly visual_tokens: number;
    };

/** One of `num_frames` and `fps` is `null`. */
export interface ReceiptSampling {
  readonly mode: FrameSampling['mode'];
  readonly num_frames: number | null;
  readonly fps: number | null;
  /** Seconds; `null` for the start and the end of the video. */
  readonly start: number | null;
  readonly end: number | null;
}

/** Ed25519 (RFC 8032) over the canonical JSON of the receipt without its signature. Both fields are base64. */
interface ReceiptSignature {
  readonly algorithm: 'Ed25519';
  /** 32 bytes. */
  readonly public_key: string;
  /** 64 bytes. */
  readonly value: string;
}

/** JSON without spaces, the names of objects sorted by code units, as in RFC 8785. Undefined members are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 of token ids; see `ReceiptPrompt`. */
export function hashTokenIds(ids: readonly number[]): string {
  const bytes = Buffer.alloc(ids.length * 4);
  for (const [index, id] of ids.entries()) bytes.writeUInt32LE(id, index * 4);
  return hash('sha256', bytes);
}
