import {
  MAX_ANSWER_TOKENS,
  MAX_STOP_LENGTH,
  MAX_STOP_STRINGS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import { resolveSettings } from '../../engine/resolve-settings.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { type Language, resolveLanguage } from '../../language/languages.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { checkRequestedModel } from '../models/requested-model.js';
import { parseMediaOptions } from './parse-media-options.js';
import { type Message, parseMessages } from './parse-messages.js';
import { rejectUnsupported } from './reject-unsupported.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  readFlag,
  readNumber,
  readObject,
  readText,
} from './read-parameter.js';

/** How the answer is sent. */
export type ReplyForm =
  | { readonly kind: 'whole' }
  /** As events; `usage`: one more at the end says how many tokens there were. */
  | { readonly kind: 'stream'; readonly usage: boolean };

/** A checked request for a chat completion; its media are still to be taken in. */
export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly settings: GenerationSettings;
  readonly sampling: FrameSampling;
  /** The language the answer is wished in; absent: the model decides. */
  readonly language: Language | undefined;
  readonly reply: ReplyForm;
}

/**
 * Reads the body of a chat completion. Parameters that this service does not know are ignored, as every
 * OpenAI-compatible server does, since clients send many; known ones that it cannot honour are refused.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model, and the codes of `parseMessages`.
 */
export function parseChatRequest(value: unknown, model: ModelDescription): ChatRequest {
  const body = toBody(value);
  if (isAbsent(body['model'])) throw invalidParameter('model', 'is missing.');
  checkRequestedModel(readText(body['model'], 'model'), model);
  rejectUnsupported(body);
  return {
    messages: parseMessages(body['messages']),
    settings: parseSettings(body, model),
    sampling: parseMediaOptions(body['media_options']),
    language: isAbsent(body['language'])
      ? undefined
      : resolveLanguage(readText(body['language'], 'language')),
    reply: parseReplyForm(body),
  };
}

function toBody(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new SalamandraError('INVALID_REQUEST', 'The body must be a JSON object.');
}

function parseReplyForm(body: JsonObject): ReplyForm {
  const isStream = readFlag(body['stream'], 'stream') ?? false;
  const options = body['stream_options'];
  if (isAbsent(options)) return isStream ? { kind: 'stream', usage: false } : { kind: 'whole' };
  if (!isStream) throw invalidParameter('stream_options', 'is only for streams.');
  const { include_usage: usage } = readObject(options, 'stream_options');
  return { kind: 'stream', usage: readFlag(usage, 'stream_options.include_usage') ?? false };
}

/** Top-p must be above 0; at this value it leaves the likeliest token alone, as OpenAI's 0 does. */
const LEAST_TOP_P = 1e-9;

function parseSettings(body: JsonObject, model: ModelDescription): GenerationSettings {
  const tokens = { kind: 'integer', min: 1, max: MAX_ANSWER_TOKENS } as const;
  const olderMaxTokens = readNumber(body['max_tokens'], 'max_tokens', tokens);
  const topP = readNumber(body['top_p'], 'top_p', { kind: 'number', min: 0, max: 1 });
  const asked = {
    temperature: readNumber(body['temperature'], 'temperature', {
      kind: 'number',
      min: 0,
      max: 2,
    }),
    topP: topP === undefined ? undefined : Math.max(topP, LEAST_TOP_P),
    seed: readNumber(body['seed'], 'seed', {
      kind: 'integer',
      min: Number.MIN_SAFE_INTEGER,
      max: Number.MAX_SAFE_INTEGER,
    }),
    maxTokens:
      readNumber(body['max_completion_tokens'], 'max_completion_tokens', tokens) ?? olderMaxTokens,
    stop: parseStop(body['stop']),
  };
  const topLogprobs = parseTopLogprobs(body);
  const settings = resolveSettings(asked, model.generation);
  return topLogprobs === undefined ? settings : { ...settings, topLogprobs };
}

function parseStop(value: unknown): readonly string[] | undefined {
  if (isAbsent(value)) return undefined;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isFit =
    texts.length <= MAX_STOP_STRINGS &&
    texts.every(
      (text) => typeof text === 'string' && text.length > 0 && text.length <= MAX_STOP_LENGTH,
    );
  if (!isFit) {
    throw invalidParameter(
      'stop',
      `must be a text of 1 to ${MAX_STOP_LENGTH} characters, or up to ${MAX_STOP_STRINGS} of them.`,
    );
  }
  return texts as readonly string[];
}

function parseTopLogprobs(body: JsonObject): number | undefined {
  const isWished = readFlag(body['logprobs'], 'logprobs') ?? false;
  const top = readNumber(body['top_logprobs'], 'top_logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  if (isWished) return top ?? 0;
  if (top !== undefined && top > 0) throw invalidParameter('top_logprobs', 'needs logprobs: true.');
  return undefined;
}
