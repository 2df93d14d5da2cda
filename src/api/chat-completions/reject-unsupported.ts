import { invalidParameter, isAbsent, type JsonObject } from './read-parameter.js';

interface Unsupported {
  readonly parameter: string;
  /** Whether the value asks for nothing, as clients' defaults do. */
  readonly isHarmless: (value: unknown) => boolean;
  readonly rule: string;
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;
const isNoTool = (value: unknown) => value === 'none' || value === 'auto';
const NO_TOOLS = 'asks for tools, which this service does not call.';

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
  {
    parameter: 'response_format',
    isHarmless: (value) => (value as JsonObject)['type'] === 'text',
    rule: 'must be of type text.',
  },
  {
    parameter: 'modalities',
    isHarmless: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
    rule: 'must hold text only.',
  },
  { parameter: 'tools', isHarmless: isEmptyList, rule: NO_TOOLS },
  { parameter: 'functions', isHarmless: isEmptyList, rule: NO_TOOLS },
  { parameter: 'tool_choice', isHarmless: isNoTool, rule: NO_TOOLS },
  { parameter: 'function_call', isHarmless: isNoTool, rule: NO_TOOLS },
];

/** Refuses OpenAI's parameters that change an answer in a way this service cannot. @throws INVALID_PARAMETER */
export function rejectUnsupported(body: JsonObject): void {
  for (const { parameter, isHarmless, rule } of UNSUPPORTED) {
    const value = body[parameter];
    if (!isAbsent(value) && !isHarmless(value)) throw invalidParameter(parameter, rule);
  }
}
