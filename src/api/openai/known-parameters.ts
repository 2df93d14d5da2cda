import { invalidParameter, isAbsent, type JsonObject, plainName } from './request-body.js';

/** A parameter of OpenAI's or vLLM's API that this service supports with some values only. */
export interface LimitedParameter {
  readonly parameter: string;
  /** Whether the value, in its body, asks for nothing that this service lacks. Clients send such defaults. */
  readonly isNeutral: (value: unknown, body: JsonObject) => boolean;
  readonly rule: string;
}

export const isOneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && Object.keys(value ?? {}).length === 0;

const ONE_CANDIDATE =
  'must be 1: several choices per prompt are not supported. Send several requests.';
const NO_RULES = 'must be empty: this restriction of the output is not supported. Leave it out.';
const NO_SPECIAL_TOKENS = 'must be true: control tokens are not part of the text.';

const LIMITED_PARAMETERS: readonly LimitedParameter[] = [
  { parameter: 'n', isNeutral: isOneOf(1), rule: ONE_CANDIDATE },
  { parameter: 'best_of', isNeutral: isOneOf(1), rule: ONE_CANDIDATE },
  {
    parameter: 'use_beam_search',
    isNeutral: isOneOf(false),
    rule: 'must be false: beam search is not supported.',
  },
  {
    parameter: 'length_penalty',
    isNeutral: isOneOf(1),
    rule: 'must be 1: it belongs to beam search, which is not supported.',
  },
  { parameter: 'allowed_token_ids', isNeutral: isEmpty, rule: NO_RULES },
  { parameter: 'bad_words', isNeutral: isEmpty, rule: NO_RULES },
  { parameter: 'logits_processors', isNeutral: isEmpty, rule: NO_RULES },
  {
    parameter: 'echo',
    isNeutral: isOneOf(false),
    rule: 'must be false: the response cannot include the prompt.',
  },
  { parameter: 'skip_special_tokens', isNeutral: isOneOf(true), rule: NO_SPECIAL_TOKENS },
  {
    parameter: 'return_token_ids',
    isNeutral: isOneOf(false),
    rule: 'must be false: the response has no token ids.',
  },
  {
    parameter: 'return_tokens_as_token_ids',
    isNeutral: isOneOf(false),
    rule: 'must be false: tokens are returned as text and bytes.',
  },
  {
    parameter: 'store',
    isNeutral: isOneOf(false),
    rule: 'must be false: completions are not stored.',
  },
  {
    parameter: 'priority',
    isNeutral: isOneOf(0),
    rule: 'must be 0: all requests of this API have the same priority.',
  },
  { parameter: 'mm_processor_kwargs', isNeutral: isEmpty, rule: 'is not supported. Leave it out.' },
  { parameter: 'vllm_xargs', isNeutral: isEmpty, rule: 'is not supported. Leave it out.' },
];

/** Parameters that change neither the text nor the form of a response, with any value. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['user', 'safety_identifier', 'metadata', 'request_id', 'service_tier'],
  ...['prompt_cache_key', 'prompt_cache_retention', 'prediction'],
  // Without tools and reasoning, and as long as control tokens are skipped.
  ...['parallel_tool_calls', 'include_reasoning', 'spaces_between_special_tokens'],
];

/**
 * Rejects every parameter that would have no effect: an answer that differs from what the client asked for without a
 * word is worse than an error.
 *
 * @param supported the parameters that the endpoint reads.
 * @param limited the limited parameters of the endpoint besides those of all endpoints.
 * @throws INVALID_PARAMETER
 */
export function checkParameters(
  body: JsonObject,
  supported: readonly string[],
  limited: readonly LimitedParameter[],
): void {
  for (const [parameter, value] of Object.entries(body)) {
    if (isAbsent(value) || supported.includes(parameter) || WITHOUT_EFFECT.includes(parameter)) {
      continue;
    }
    const known = [...LIMITED_PARAMETERS, ...limited].find((item) => item.parameter === parameter);
    if (!known) {
      throw invalidParameter(
        plainName(parameter),
        'is not supported by this endpoint. Leave it out.',
      );
    }
    if (!known.isNeutral(value, body)) throw invalidParameter(parameter, known.rule);
  }
}
