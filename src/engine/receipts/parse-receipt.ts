import {
  MAX_LOGIT_BIASES,
  MAX_SCHEMA_BYTES,
  MAX_STOP_LENGTH,
  MAX_STOP_STRINGS,
  MAX_STOP_TOKENS,
} from '../../config/answer-limits.js';
import {
  MAX_ANSWER_TOKENS,
  MAX_CONVERSATION_BYTES,
  MAX_FRAMES_PER_SECOND,
  MAX_DOCUMENT_PAGES,
  MAX_MEDIA_PER_REQUEST,
  MAX_SAMPLED_FRAMES,
  MAX_TEMPLATE_VARIABLES_LENGTH,
  MAX_VIDEO_SECONDS,
} from '../../config/limits.js';
import { type AnswerFormat, compileAnswerFormat } from '../../decoder/grammar/json-schema.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { describeValue } from '../../models/package/json-fields.js';
import { PRECISIONS } from '../../models/package/manifest.js';
import { DETAILS } from '../../vision/plan-tiles.js';
import type { Receipt } from './receipt.js';

/** Throws unless a value, called by its name in messages, has a form. */
type Check = (value: unknown, name: string) => void;

const MAX_NAME_LENGTH = 200;

/** Messages of a conversation: more than any route accepts. */
const MAX_MESSAGES = 1_000;

const text = (maxLength = MAX_NAME_LENGTH): Check => {
  return (value, name) => {
    if (typeof value !== 'string' || value.length > maxLength) {
      throw invalid(name, `a string of at most ${maxLength} characters`, value);
    }
  };
};

const number = (min: number, max: number): Check => {
  return (value, name) => {
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      throw invalid(name, `a number from ${min} to ${max}`, value);
    }
  };
};

const integer = (min: number, max: number): Check => {
  return (value, name) => {
    if (!Number.isSafeInteger(value)) throw invalid(name, 'an integer', value);
    number(min, max)(value, name);
  };
};

const oneOf = (...options: readonly unknown[]): Check => {
  return (value, name) => {
    if (!options.includes(value)) throw invalid(name, options.join(' or '), value);
  };
};

const optional = (check: Check): Check => {
  return (value, name) => (value === null ? undefined : check(value, name));
};

const list = (check: Check, maxLength: number): Check => {
  return (value, name) => {
    if (!Array.isArray(value) || value.length > maxLength) {
      throw invalid(name, `a list of at most ${maxLength} items`, value);
    }
    for (const [index, item] of value.entries()) check(item, `${name}[${index}]`);
  };
};

const object = (fields: Readonly<Record<string, Check>>): Check => {
  return (value, name) => {
    const members = toObject(value, name);
    for (const [field, check] of Object.entries(fields)) {
      check(members[field], name === ROOT ? field : `${name}.${field}`);
    }
  };
};

const hex: Check = (value, name) => {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
    throw invalid(name, '64 lower-case hexadecimal digits', value);
  }
};

const base64 = (bytes: number): Check => {
  return (value, name) => {
    const isExact = typeof value === 'string' && /^[A-Za-z0-9+/]+=*$/.test(value);
    if (!isExact || Buffer.from(value, 'base64').length !== bytes) {
      throw invalid(name, `${bytes} bytes in base64`, value);
    }
  };
};

/** Checks one of several forms, chosen by the value of a field. */
const byKind = (field: string, forms: Readonly<Record<string, Check>>): Check => {
  return (value, name) => {
    const kind = toObject(value, name)[field];
    oneOf(...Object.keys(forms))(kind, `${name}.${field}`);
    forms[String(kind)]?.(value, name);
  };
};

const jsonObject = (maxLength: number): Check => {
  return (value, name) => {
    if (JSON.stringify(toObject(value, name)).length > maxLength) {
      throw invalid(name, `an object of at most ${maxLength} characters as JSON`, value);
    }
  };
};

const biases: Check = (value, name) => {
  const entries = Object.entries(toObject(value, name));
  if (entries.length > MAX_LOGIT_BIASES || entries.some(([id]) => !/^\d{1,9}$/.test(id))) {
    throw invalid(name, `an object of at most ${MAX_LOGIT_BIASES} token ids`, value);
  }
  for (const [id, bias] of entries) number(-100, 100)(bias, `${name}.${id}`);
};

/** A schema that the engine would refuse must not wait in its queue. */
const answerFormat: Check = (value, name) => {
  if (value === undefined) return;
  const schema = jsonObject(MAX_SCHEMA_BYTES);
  byKind('kind', { 'json-object': object({}), 'json-schema': object({ schema }) })(value, name);
  compileAnswerFormat(value as AnswerFormat, `${ROOT}.${name}.schema`);
};

const part = byKind('type', {
  text: object({ text: text(MAX_CONVERSATION_BYTES) }),
  image: object({}),
  video: object({}),
});

const prompt: Check = (value, name) => {
  const { raw } = toObject(value, name);
  object({ sha256: hex, template_sha256: optional(hex) })(value, name);
  if (raw !== undefined) {
    text(MAX_CONVERSATION_BYTES)(raw, `${name}.raw`);
    return;
  }
  const message = object({
    role: oneOf('system', 'user', 'assistant'),
    content: list(part, MAX_MESSAGES),
  });
  object({
    messages: list(message, MAX_MESSAGES),
    variables: jsonObject(MAX_TEMPLATE_VARIABLES_LENGTH),
  })(value, name);
};

const count = integer(0, Number.MAX_SAFE_INTEGER);
const seconds = number(0, MAX_VIDEO_SECONDS);
const logprob = number(-9999, 1);

const settings = object({
  max_tokens: integer(1, MAX_ANSWER_TOKENS),
  temperature: number(0, 2),
  top_p: number(0, 1),
  top_k: count,
  min_p: number(0, 1),
  seed: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  repetition_penalty: number(0.01, 100),
  frequency_penalty: number(-2, 2),
  presence_penalty: number(-2, 2),
  min_tokens: integer(0, MAX_ANSWER_TOKENS),
  stop: list(text(MAX_STOP_LENGTH), MAX_STOP_STRINGS),
  stop_token_ids: list(count, MAX_STOP_TOKENS),
  stop_text: oneOf('cut', 'keep'),
  end_of_text: oneOf('stop', 'ignore'),
  logit_bias: biases,
  answer_format: answerFormat,
});

const media = byKind('kind', {
  image: object({
    sha256: hex,
    page: optional(integer(1, MAX_DOCUMENT_PAGES)),
    detail: oneOf(...DETAILS),
    tiles: count,
    grid: optional(object({ rows: count, columns: count })),
    visual_tokens: count,
  }),
  video: object({
    sha256: hex,
    sampling: object({
      mode: oneOf('uniform', 'scene'),
      num_frames: optional(integer(1, MAX_SAMPLED_FRAMES)),
      fps: optional(number(0.001, MAX_FRAMES_PER_SECOND)),
      start: optional(seconds),
      end: optional(seconds),
    }),
    frames: list(seconds, MAX_SAMPLED_FRAMES),
    visual_tokens: count,
  }),
});

const ROOT = 'receipt';

const RECEIPT = object({
  format: oneOf(1),
  created: text(),
  model: object({
    id: text(),
    revision: text(),
    package_sha256: hex,
    precision: oneOf(...PRECISIONS),
  }),
  versions: object({ visual_salamandra: text(), onnxruntime: text(), node: text() }),
  machine: object({
    architecture: text(),
    processor: text(),
    instruction_sets: list(text(), 32),
    threads: integer(1, 1_024),
  }),
  prompt,
  settings,
  media: list(media, MAX_MEDIA_PER_REQUEST),
  text: object({
    sha256: hex,
    tokens: count,
    finish_reason: oneOf('stop', 'length', 'repetition', 'cancelled'),
  }),
  scores: object({ mean_logprob: optional(logprob), min_logprob: optional(logprob) }),
  signature: (value, name) => {
    if (value === undefined) return;
    const fields = { algorithm: oneOf('Ed25519'), public_key: base64(32), value: base64(64) };
    object(fields)(value, name);
  },
});

/**
 * Checks the form of a receipt and the limits of its request. Members that this version does not know are kept: the
 * signature covers them.
 *
 * @throws INVALID_PARAMETER with the name of the field
 */
export function parseReceipt(value: unknown): Receipt {
  RECEIPT(value, ROOT);
  return value as Receipt;
}

function toObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid(name, 'an object', value);
}

function invalid(name: string, rule: string, value: unknown): SalamandraError {
  const field = name === ROOT ? 'The receipt' : `"${name}" of the receipt`;
  return new SalamandraError(
    'INVALID_PARAMETER',
    `${field} must be ${rule}, found ${describeValue(value)}. Send the receipt as it was received.`,
    { details: { parameter: name === ROOT ? ROOT : `${ROOT}.${name}` } },
  );
}
