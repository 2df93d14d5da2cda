import { ApiResponse } from '@nestjs/swagger';

const OPEN_AI_ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string', example: 'invalid_request_error' },
        param: { type: 'string', nullable: true, example: 'messages[0].content' },
        code: { type: 'string', example: 'media_corrupt' },
      },
    },
  },
};

/** Documents the answer that a failed request gets where OpenAI's API is followed. */
export function ApiOpenAiErrors() {
  return ApiResponse({
    status: 'default',
    description: 'The request failed.',
    content: { 'application/json': { schema: OPEN_AI_ERROR } },
  });
}
