import { invalidParameter, isAbsent, type JsonObject } from './read-parameter.js';

/** A parameter of OpenAI's that this service cannot honour. */
export interface Unsupported {
  readonly parameter: string;
  /** Whether the value asks for nothing, as clients' defaults do. */
  readonly isHarmless: (value: unknown) => boolean;
  readonly rule: string;
}

const UNSUPPORTED: readonly Unsupported[] = [
  {
    parameter: 'n',
    isHarmless: (value) => value === 1,
    rule: 'must be 1: this service gives one answer to a request.',
  },
  {
    parameter: 'presence_penalty',
    isHarmless: (value) => value === 0,
    rule: 'must be 0: this service has no such penalty.',
  },
  {
    parameter: 'frequency_penalty',
    isHarmless: (value) => value === 0,
    rule: 'must be 0: this service has no such penalty.',
  },
  {
    parameter: 'logit_bias',
    isHarmless: (value) => typeof value === 'object' && Object.keys(value ?? {}).length === 0,
    rule: 'is not supported.',
  },
];

/**
 * Refuses OpenAI's parameters that change an answer in a way this service cannot.
 *
 * @param further those of one endpoint alone.
 * @throws INVALID_PARAMETER
 */
export function rejectUnsupported(body: JsonObject, further: readonly Unsupported[]): void {
  for (const { parameter, isHarmless, rule } of [...UNSUPPORTED, ...further]) {
    const value = body[parameter];
    if (!isAbsent(value) && !isHarmless(value)) throw invalidParameter(parameter, rule);
  }
}
