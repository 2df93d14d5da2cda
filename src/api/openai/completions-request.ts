import {
  MAX_PROMPT_BYTES,
  MAX_QUESTIONS,
  MAX_REPLY_LOGPROBS,
  MAX_TOP_LOGPROBS,
} from '../../config/limits.js';
import type { GenerationSettings, ModelDescription } from '../../engine/vision-language-engine.js';
import {
  checkTokenId,
  completeSettings,
  GENERATION_PARAMETERS,
  readSettings,
} from './generation-parameters.js';
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
  ...['model', 'prompt', 'logprobs', 'echo', 'stream', 'stream_options'],
  ...GENERATION_PARAMETERS,
];

/** A prompt as text or token ids. */
type Prompt = string | readonly number[];

interface CompletionsRequest {
  /** One choice each. */
  readonly prompts: readonly Prompt[];
  /** Whether each choice begins with its prompt. */
  readonly echo: boolean;
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
  const echo = readBoolean(body['echo'], 'echo') ?? false;
  const stream = readStreamOptions(body);
  if (echo && stream) {
    throw invalidParameter('echo', 'must be false with "stream": true. Leave out one of both.');
  }
  // With max_tokens 0 the response consists of the prompt.
  const isPromptOnly = echo && body['max_tokens'] === 0;
  const requested = readSettings(isPromptOnly ? { ...body, max_tokens: 1 } : body, model);
  const topLogprobs = readNumber(body['logprobs'], 'logprobs', {
    kind: 'integer',
    min: 0,
    max: MAX_TOP_LOGPROBS,
  });
  const maxTokens = isPromptOnly ? 0 : (requested.maxTokens ?? DEFAULT_MAX_TOKENS);
  const request = {
    prompts: parsePrompts(body, model),
    echo,
    settings: completeSettings({ ...requested, maxTokens, topLogprobs }, model),
    receipts: readBoolean(body['receipts'], 'receipts'),
    stream,
  };
  if (request.receipts && request.prompts.some((prompt) => typeof prompt !== 'string')) {
    throw invalidParameter('receipts', 'must be false for token ids. Send the prompt as text.');
  }
  if (request.stream === null) checkLogprobs(request);
  return request;
}

/** One prompt or a list of prompts, each a string or a list of token ids. */
function parsePrompts(body: JsonObject, { vocabularySize }: ModelDescription): readonly Prompt[] {
  const { prompt } = body;
  if (isAbsent(prompt)) throw invalidParameter('prompt', 'is missing.');
  const isList = Array.isArray(prompt) && typeof prompt[0] !== 'number';
  const prompts: readonly unknown[] = isList ? prompt : [prompt];
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && Buffer.byteLength(value) <= MAX_PROMPT_BYTES;
  const isIds = (value: unknown): value is readonly number[] =>
    Array.isArray(value) && value.length > 0 && value.length <= MAX_PROMPT_BYTES;
  const isValid = (value: unknown): value is Prompt => isText(value) || isIds(value);
  if (prompts.length === 0 || prompts.length > MAX_QUESTIONS || !prompts.every(isValid)) {
    throw invalidParameter(
      'prompt',
      `must be a string of at most ${MAX_PROMPT_BYTES} bytes in UTF-8, a list of 1 to ${MAX_PROMPT_BYTES} token ids, or a list of 1 to ${MAX_QUESTIONS} of these.`,
    );
  }
  for (const ids of prompts) {
    if (typeof ids !== 'string') ids.forEach((id) => checkTokenId(id, 'prompt', vocabularySize));
  }
  return prompts;
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
