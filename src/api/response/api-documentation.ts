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

interface MediaRequestForm {
  /** What a stream calls a finished text. */
  readonly resultEvent: string;
  readonly files: number;
  /** Further media types of the reply, all of them text. */
  readonly otherTypes?: readonly string[];
}

/** Documents a request with media: the body as JSON, or as a form with the same fields and files; its reply. */
export function ApiMediaRequest(
  request: Type,
  reply: Type,
  { resultEvent, files, otherTypes = [] }: MediaRequestForm,
) {
  const binary = { type: 'string', format: 'binary' };
  const description =
    'Pictures of 25 MB, clips of 2 GB at most, in a form' +
    (files > 1 ? `; up to ${files}, the field repeated.` : '.');
  const file =
    files > 1
      ? { type: 'array', items: binary, maxItems: files, description }
      : { ...binary, description };
  return applyDecorators(
    ApiConsumes('multipart/form-data', 'application/json'),
    ApiExtraModels(request, reply),
    ApiBody({
      schema: {
        allOf: [{ $ref: getSchemaPath(request) }, { type: 'object', properties: { file } }],
      },
    }),
    ApiOkResponse({
      description: `JSON, or server-sent events: media, text-delta, ${resultEvent}, usage, error, done.`,
      content: {
        'application/json': { schema: { $ref: getSchemaPath(reply) } },
        ...Object.fromEntries(
          ['text/event-stream', ...otherTypes].map((type) => [
            type,
            { schema: { type: 'string' } },
          ]),
        ),
      },
    }),
  );
}
