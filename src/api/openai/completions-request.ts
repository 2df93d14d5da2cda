import {
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_REPLY_LOGPROBS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import { completeSettings, GENERATION_PARAMETERS, readSettings } from './generation-parameters.js';
import { checkParameters, isOneOf, type LimitedParameter } from './known-parameters.js';
import {
  invalidParameter,
  isAbsent,
  type JsonObject,
  readBody,
  readBoolean,
  readNumber,
  readStreamOptions,
  type StreamOptions,
} from './request-body.js';

/** OpenAI's default of this endpoint. */
export const DEFAULT_MAX_TOKENS = 16;

const LIMITED_PARAMETERS: readonly LimitedParameter[] = [
  {
    parameter: 'suffix',
    isNeutral: isOneOf(''),
    rule: 'is not supported: the model generates text after the prompt only.',
  },
  {
    parameter: 'add_special_tokens',
    isNeutral: isOneOf(true),
    rule: 'must be true: the tokenizer of the model decides.',
  },
];

const SUPPORTED_PARAMETERS: readonly string[] = [
  ...['model', 'prompt', 'logprobs', 'stream', 'stream_options'],
  ...GENERATION_PARAMETERS,
];

interface CompletionsRequest {
  /** One choice each. */
  readonly prompts: readonly string[];
  readonly settings: GenerationSettings;
  /** Whether each choice carries a receipt. */
  readonly receipts: boolean | undefined;
  /** `null` if the response is one JSON object. */
  readonly stream: StreamOptions | null;
}

/**
 * Parses the body of a completion. A parameter that would have no effect is rejected; see `checkParameters`.
 *
 * @throws INVALID_REQUEST, INVALID_PARAMETER, NOT_FOUND for another model.
 */
export function parseCompletionsRequest(
  value: unknown,
  model: ModelDescription,
): CompletionsRequest {
  const body = readBody(value, model);
  checkParameters(body, SUPPORTED_PARAMETERS, LIMITED_PARAMETERS);
  const requested = readSettings(body, model);
  const topLogprobs = readNumber(body['logprobs'], 'logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  const maxTokens = requested.maxTokens ?? DEFAULT_MAX_TOKENS;
  const request = {
    prompts: parsePrompts(body),
    settings: completeSettings({ ...requested, maxTokens, topLogprobs }, model),
    receipts: readBoolean(body['receipts'], 'receipts'),
    stream: readStreamOptions(body),
  };
  if (request.stream === null) checkLogprobs(request);
  return request;
}

function parsePrompts(body: JsonObject): readonly string[] {
  const { prompt } = body;
  if (isAbsent(prompt)) throw invalidParameter('prompt', 'is missing.');
  const prompts: readonly unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  const isValid =
    prompts.length > 0 &&
    prompts.length <= MAX_QUESTIONS &&
    prompts.every(
      (text): text is string =>
        typeof text === 'string' && Buffer.byteLength(text) <= MAX_PROMPT_BYTES,
    );
  if (isValid) return prompts;
  throw invalidParameter(
    'prompt',
    `must be a string of at most ${MAX_PROMPT_BYTES} bytes in UTF-8, or a list of 1 to ${MAX_QUESTIONS} of them. Token ids are not supported.`,
  );
}

/** @throws INVALID_PARAMETER if a JSON response could exceed MAX_REPLY_LOGPROBS log-probabilities. */
function checkLogprobs({ prompts, settings }: CompletionsRequest): void {
  const { topLogprobs, maxTokens } = settings;
  if (topLogprobs === undefined) return;
  const logprobs = prompts.length * maxTokens * (1 + topLogprobs);
  if (logprobs <= MAX_REPLY_LOGPROBS) return;
  throw invalidParameter(
    'logprobs',
    `requests up to ${logprobs} log-probabilities, limit ${MAX_REPLY_LOGPROBS} for one JSON response. Set "stream": true, or lower logprobs, max_tokens or the number of prompts.`,
  );
}
