import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';

import { MAX_ANSWER_TOKENS, MAX_QUESTIONS, MAX_TOP_LOGPROBS } from '../../../config/limits.js';
import { ApiOpenAiErrors } from '../api-openai-errors.js';

const TEXT_OR_TEXTS = {
  oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
};

const REQUEST = {
  type: 'object',
  required: ['model', 'prompt'],
  description: 'Fields that are not listed are ignored.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    prompt: {
      ...TEXT_OR_TEXTS,
      description: `Up to ${MAX_QUESTIONS}, a choice each. Control tokens written in them are text like any other.`,
    },
    max_tokens: { type: 'integer', minimum: 1, maximum: MAX_ANSWER_TOKENS, default: 16 },
    temperature: { type: 'number', minimum: 0, maximum: 2, description: "The model's by default." },
    top_p: { type: 'number', minimum: 0, maximum: 1 },
    seed: { type: 'integer', description: 'Without one, the same request has the same answer.' },
    stop: TEXT_OR_TEXTS,
    logprobs: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_TOP_LOGPROBS,
      description: 'So many of the likeliest at each step, before temperature and top_p.',
    },
    stream: { type: 'boolean' },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
  },
};

const REPLY = {
  type: 'object',
  description: "OpenAI's text_completion; x_salamandra of a choice says what it has no place for.",
  additionalProperties: true,
};

/** Documents a completion. */
export function ApiCompletions() {
  return applyDecorators(
    ApiBody({ schema: REQUEST as object }),
    ApiOkResponse({
      content: {
        'application/json': { schema: REPLY },
        'text/event-stream': { schema: { type: 'string' } },
      },
    }),
    ApiOpenAiErrors(),
  );
}
