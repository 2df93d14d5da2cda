import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail', 'requestId', 'retryable'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', example: 'MEDIA_CORRUPT' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
    retryable: { type: 'boolean' },
    parameters: { type: 'object', additionalProperties: true },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { field: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

/** Documents the answer that every failed request gets. */
export function ApiProblems() {
  return ApiResponse({
    status: 'default',
    description: 'The request failed.',
    content: { 'application/problem+json': { schema: PROBLEM } },
  });
}

/** Documents a request with a picture: the body as JSON, or as a form with the same fields and a file. */
export function ApiMediaRequest(request: Type, reply: Type) {
  const file = {
    type: 'string',
    format: 'binary',
    description: 'The picture, in a form; 25 MB at most.',
  };
  return applyDecorators(
    ApiConsumes('multipart/form-data', 'application/json'),
    ApiExtraModels(request),
    ApiBody({
      schema: {
        allOf: [{ $ref: getSchemaPath(request) }, { type: 'object', properties: { file } }],
      },
    }),
    ApiOkResponse({ type: reply }),
  );
}
