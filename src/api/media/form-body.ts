import { SalamandraError } from '../../errors/salamandra-error.js';

/** Fields that hold a number in JSON; a form has only text. */
const NUMBERS: ReadonlySet<string> = new Set([
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'repetition_penalty',
  'seed',
  'top_logprobs',
  'num_frames',
  'fps',
  'start',
  'end',
  'interval_seconds',
  'max_shots',
]);

/** Fields that hold true or false in JSON. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);
const BOOLEAN_FIELDS: ReadonlySet<string> = new Set(['stream']);

/** Fields that a form may only hold as JSON. */
const JSON_FIELDS: ReadonlySet<string> = new Set(['questions', 'history', 'media']);

const NUMBER = /^-?\d{1,16}(?:\.\d{1,16})?$/;

/**
 * Turns a form's text fields into the body the same request would have as JSON, so that one set of rules checks both.
 * A text that is no number, or neither `true` nor `false`, stays text and fails there. @throws INVALID_JSON
 */
export function toFormBody(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, toFieldValue(name, value)]),
  );
}

function toFieldValue(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (NUMBERS.has(name)) return NUMBER.test(value) ? Number(value) : value;
  if (BOOLEAN_FIELDS.has(name)) return BOOLEANS.get(value) ?? value;
  if (JSON_FIELDS.has(name)) return parseJsonField(name, value);
  // Browsers write every new line of a form as CR LF (HTML, "multipart form data"); JSON clients write what was typed.
  return value.replaceAll('\r\n', '\n');
}

function parseJsonField(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new SalamandraError('INVALID_JSON', `${name} is not valid JSON.`, { cause });
  }
}
