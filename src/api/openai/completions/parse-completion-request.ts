import {
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_REPLY_LOGPROBS,
  MAX_TOP_LOGPROBS,
} from '../../../config/limits.js';
import { resolveSettings } from '../../../engine/resolve-settings.js';
import type {
  GenerationSettings,
  ModelDescription,
} from '../../../engine/vision-language-engine.js';
import { readBody, readReplyForm, readSettings, type ReplyForm } from '../read-body.js';
import { invalidParameter, isAbsent, type JsonObject, readNumber } from '../read-parameter.js';
import { rejectUnsupported, type Unsupported } from '../reject-unsupported.js';

/** OpenAI's default for this endpoint; a chat's is longer. */
const DEFAULT_MAX_TOKENS = 16;

const UNSUPPORTED: readonly Unsupported[] = [
  {
    parameter: 'echo',
    isHarmless: (value) => value === false,
    rule: 'must be false: a completion is what follows the prompt.',
  },
  {
    parameter: 'suffix',
    isHarmless: (value) => value === '',
    rule: 'is not supported: the model writes forwards only.',
  },
  {
    parameter: 'best_of',
    isHarmless: (value) => value === 1,
    rule: 'must be 1: this service gives one answer to a request.',
  },
];

/** A checked request for completions. */
export interface CompletionRequest {
  /** One choice each. */
  readonly prompts: readonly string[];
  readonly settings: GenerationSettings;
  readonly reply: ReplyForm;
}

/**
 * Reads the body of a completion. Parameters that this service does not know are ignored; known ones that it cannot
 * honour are refused.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model.
 */
export function parseCompletionRequest(value: unknown, model: ModelDescription): CompletionRequest {
  const body = readBody(value, model);
  rejectUnsupported(body, UNSUPPORTED);
  const asked = readSettings(body);
  const topLogprobs = readNumber(body['logprobs'], 'logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  const maxTokens = asked.maxTokens ?? DEFAULT_MAX_TOKENS;
  const request = {
    prompts: parsePrompts(body),
    settings: resolveSettings({ ...asked, maxTokens, topLogprobs }, model.generation),
    reply: readReplyForm(body),
  };
  if (request.reply.kind === 'whole') checkReplyLength(request);
  return request;
}

function parsePrompts(body: JsonObject): readonly string[] {
  const { prompt } = body;
  if (isAbsent(prompt)) throw invalidParameter('prompt', 'is missing.');
  const prompts: readonly unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  const isFit =
    prompts.length > 0 &&
    prompts.length <= MAX_QUESTIONS &&
    prompts.every(
      (text): text is string =>
        typeof text === 'string' && Buffer.byteLength(text) <= MAX_PROMPT_BYTES,
    );
  if (isFit) return prompts;
  throw invalidParameter(
    'prompt',
    `must be a text of up to ${MAX_PROMPT_BYTES} bytes, or a list of 1 to ${MAX_QUESTIONS} of them; token ids are not taken.`,
  );
}

/** @throws INVALID_PARAMETER when all probabilities together might not fit a reply that is sent at once. */
function checkReplyLength({ prompts, settings }: CompletionRequest): void {
  const { topLogprobs, maxTokens } = settings;
  if (topLogprobs === undefined) return;
  if (prompts.length * maxTokens * (1 + topLogprobs) <= MAX_REPLY_LOGPROBS) return;
  throw invalidParameter(
    'logprobs',
    'asks for so many probabilities that they come as a stream only.',
  );
}
