import { MAX_TOP_LOGPROBS } from '../../../config/limits.js';
import { resolveSettings } from '../../../engine/resolve-settings.js';
import type {
  GenerationSettings,
  ModelDescription,
} from '../../../engine/vision-language-engine.js';
import { type Language, resolveLanguage } from '../../../language/languages.js';
import type { FrameSampling } from '../../../media/frame-sampling.js';
import {
  readBody,
  readReplyForm,
  readSettings,
  readTokenCount,
  type ReplyForm,
} from '../read-body.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  readFlag,
  readNumber,
  readText,
} from '../read-parameter.js';
import { rejectUnsupported } from '../reject-unsupported.js';
import { parseMediaOptions } from './parse-media-options.js';
import { type Message, parseMessages } from './parse-messages.js';
import { UNSUPPORTED_IN_CHATS } from './unsupported-parameters.js';

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
  const body = readBody(value, model);
  rejectUnsupported(body, UNSUPPORTED_IN_CHATS);
  return {
    messages: parseMessages(body['messages']),
    settings: parseSettings(body, model),
    sampling: parseMediaOptions(body['media_options']),
    language: isAbsent(body['language'])
      ? undefined
      : resolveLanguage(readText(body['language'], 'language')),
    reply: readReplyForm(body),
  };
}

function parseSettings(body: JsonObject, model: ModelDescription): GenerationSettings {
  const asked = readSettings(body);
  const maxTokens = readTokenCount(body, 'max_completion_tokens') ?? asked.maxTokens;
  const topLogprobs = parseTopLogprobs(body);
  return resolveSettings({ ...asked, maxTokens, topLogprobs }, model.generation);
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
