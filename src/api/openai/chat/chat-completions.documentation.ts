import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOkResponse } from '@nestjs/swagger';

import { MAX_ANSWER_TOKENS } from '../../../config/limits.js';
import { ApiOpenAiErrors } from '../api-openai-errors.js';

const TOKENS = { type: 'integer', minimum: 1, maximum: MAX_ANSWER_TOKENS };

const URL_OBJECT = {
  type: 'object',
  required: ['url'],
  properties: {
    url: { type: 'string', description: 'data: or, where the service allows it, http(s):.' },
    detail: { type: 'string', enum: ['low', 'auto', 'high'] },
  },
};

const PART = {
  type: 'object',
  required: ['type'],
  properties: {
    type: { type: 'string', enum: ['text', 'image_url', 'video_url', 'input_video'] },
    text: { type: 'string' },
    image_url: {
      ...URL_OBJECT,
      description:
        'Or the URL alone. The detail is that of the only picture; several have one tile each.',
    },
    video_url: { ...URL_OBJECT, description: 'Or the URL alone.' },
    input_video: {
      type: 'object',
      description: "llama.cpp's form: either base64 or a URL.",
      properties: { data: { type: 'string' }, url: { type: 'string' } },
    },
  },
};

const MESSAGE = {
  type: 'object',
  required: ['role', 'content'],
  properties: {
    role: { type: 'string', enum: ['system', 'developer', 'user', 'assistant'] },
    content: {
      oneOf: [{ type: 'string' }, { type: 'array', items: PART }],
      description: 'Pictures and clips stand in messages of the user.',
    },
  },
};

const REQUEST = {
  type: 'object',
  required: ['model', 'messages'],
  description: 'Fields that are not listed are ignored.',
  properties: {
    model: { type: 'string', example: 'visual-salamandra' },
    messages: { type: 'array', items: MESSAGE },
    max_completion_tokens: TOKENS,
    max_tokens: { ...TOKENS, description: 'Older name of max_completion_tokens.' },
    temperature: { type: 'number', minimum: 0, maximum: 2, description: "The model's by default." },
    top_p: { type: 'number', minimum: 0, maximum: 1 },
    seed: { type: 'integer', description: 'Without one, the same request has the same answer.' },
    stop: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    logprobs: { type: 'boolean', description: 'Of the distribution before temperature and top_p.' },
    top_logprobs: { type: 'integer', minimum: 0, maximum: 20 },
    stream: { type: 'boolean' },
    stream_options: { type: 'object', properties: { include_usage: { type: 'boolean' } } },
    language: { type: 'string', description: 'Extension: asks for the answer in this language.' },
    media_options: {
      type: 'object',
      description: 'Extension: which frames of clips are looked at.',
      properties: {
        num_frames: { type: 'integer', minimum: 1 },
        fps: { type: 'number' },
        start: { type: 'number', minimum: 0, description: 'Seconds.' },
        end: { type: 'number', description: 'Seconds.' },
        sampling: { type: 'string', enum: ['uniform', 'scene'] },
      },
    },
  },
};

const REPLY = {
  type: 'object',
  description: "OpenAI's chat.completion, with x_salamandra for what it has no place for.",
  additionalProperties: true,
};

/** Documents a chat completion. */
export function ApiChatCompletions() {
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
