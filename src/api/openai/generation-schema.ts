import {
  MAX_LOGIT_BIASES,
  MAX_STOP_LENGTH,
  MAX_STOP_STRINGS,
  MAX_STOP_TOKENS,
} from '../../config/answer-limits.js';
import { MAX_ANSWER_TOKENS } from '../../config/limits.js';

const CHECKPOINT = 'Default: that of the checkpoint.';

/** OpenAPI schema of the parameters that `readSettings` reads, except `max_tokens`. */
export const GENERATION_PROPERTIES = {
  temperature: { type: 'number', minimum: 0, maximum: 2, description: `0: greedy. ${CHECKPOINT}` },
  top_p: { type: 'number', minimum: 0, maximum: 1, description: CHECKPOINT },
  top_k: {
    type: 'integer',
    minimum: -1,
    description: `Extension of vLLM: samples from this number of most likely tokens; 0 or -1: all. ${CHECKPOINT}`,
  },
  min_p: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: `Extension of vLLM: minimum probability, relative to that of the most likely token. ${CHECKPOINT}`,
  },
  seed: {
    type: 'integer',
    default: 0,
    description: 'The same request with the same seed has the same response.',
  },
  frequency_penalty: { type: 'number', minimum: -2, maximum: 2, default: 0 },
  presence_penalty: { type: 'number', minimum: -2, maximum: 2, default: 0 },
  repetition_penalty: {
    type: 'number',
    minimum: 0.01,
    maximum: 100,
    description: `Extension of vLLM: above 1, tokens of the prompt and the answer become less likely. ${CHECKPOINT}`,
  },
  logit_bias: {
    type: 'object',
    additionalProperties: { type: 'number', minimum: -100, maximum: 100 },
    maxProperties: MAX_LOGIT_BIASES,
    description: 'Added to the logits, by token id.',
  },
  stop: {
    oneOf: [
      { type: 'string' },
      { type: 'array', items: { type: 'string' }, maxItems: MAX_STOP_STRINGS },
    ],
    description: `Strings of at most ${MAX_STOP_LENGTH} characters. One that spells a control token ends the text at that token.`,
  },
  stop_token_ids: {
    type: 'array',
    items: { type: 'integer' },
    maxItems: MAX_STOP_TOKENS,
    description: 'Extension of vLLM: tokens that end the text.',
  },
  include_stop_str_in_output: {
    type: 'boolean',
    default: false,
    description: 'Extension of vLLM: keeps the stop string, or the text of the stop token.',
  },
  min_tokens: {
    type: 'integer',
    minimum: 0,
    maximum: MAX_ANSWER_TOKENS,
    description: `Extension of vLLM: tokens before the text may end. ${CHECKPOINT}`,
  },
  ignore_eos: {
    type: 'boolean',
    default: false,
    description: 'Extension of vLLM: goes on to max_tokens or a stop.',
  },
  response_format: {
    type: 'object',
    properties: {
      type: { type: 'string', enum: ['text', 'json_object', 'json_schema'], default: 'text' },
      json_schema: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          schema: {
            type: 'object',
            description: 'JSON Schema, in the subset of docs/http-api.md.',
          },
          strict: { type: 'boolean', description: 'Has no effect: the schema always holds.' },
        },
        required: ['schema'],
      },
    },
    required: ['type'],
    description: 'Restricts the text to JSON. A text that reaches max_tokens is incomplete JSON.',
  },
  receipts: {
    type: 'boolean',
    default: false,
    description:
      'Extension: adds a receipt to x_salamandra, with which POST /v1/receipts/replay writes the text again.',
  },
};
