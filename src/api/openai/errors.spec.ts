import { SalamandraError } from '../../errors/salamandra-error.js';
import { InvalidFieldsError } from '../response/problem.js';
import { isOpenAiPath, toOpenAiError } from './errors.js';

it.each([
  ['INVALID_PARAMETER', 'invalid_request_error'],
  ['MEDIA_CORRUPT', 'invalid_request_error'],
  ['UNAUTHENTICATED', 'authentication_error'],
  ['FORBIDDEN', 'permission_error'],
  ['RATE_LIMITED', 'rate_limit_error'],
  ['QUEUE_FULL', 'server_error'],
  ['INTERNAL', 'server_error'],
] as const)('%s is of type %s', (code, type) => {
  expect(toOpenAiError(new SalamandraError(code, 'A sentence.'))).toEqual({
    error: { message: 'A sentence.', type, param: null, code: code.toLowerCase() },
  });
});

it('appends the details to the message, without the cause', () => {
  const error = new SalamandraError('INVALID_PARAMETER', 'No.', {
    details: { parameter: 'language', allowed: ['ca', 'es'], max: 2 },
    cause: new Error('/secret'),
  });

  expect(toOpenAiError(error).error).toMatchObject({
    message: 'No. (allowed: ca, es; max: 2)',
    param: 'language',
  });
});

it('does not append details that the message mentions', () => {
  const details = { max_bytes: 8, step: 'verifying' };
  const error = new SalamandraError('PAYLOAD_TOO_LARGE', 'It has more than 8 bytes.', { details });

  expect(toOpenAiError(error).error.message).toBe('It has more than 8 bytes. (step: verifying)');
});

it('has the first of several fields as its parameter', () => {
  const fields = [
    { field: 'a.b', detail: 'a.b is wrong.' },
    { field: 'c', detail: 'c is wrong.' },
  ];

  expect(toOpenAiError(new InvalidFieldsError('UNKNOWN_FIELD', fields)).error).toEqual({
    message: 'a.b is wrong. c is wrong.',
    type: 'invalid_request_error',
    param: 'a.b',
    code: 'unknown_field',
  });
});

it('distinguishes an unknown model from an unknown path', () => {
  const details = { parameter: 'model' };
  const model = new SalamandraError('NOT_FOUND', 'No.', { details });

  expect(toOpenAiError(model).error.code).toBe('model_not_found');
  expect(toOpenAiError(new SalamandraError('NOT_FOUND', 'No.')).error.code).toBe('not_found');
});

it.each([
  ['/v1/chat/completions', true],
  ['/v1/Chat/x', true],
  ['/v1/models', true],
  ['/v1/models/a', true],
  ['/v1/chats', false],
  ['/v1/captions', false],
  ['/v2/v1/models', false],
])('%s follows OpenAI: %p', (path, expected) => {
  expect(isOpenAiPath(path)).toBe(expected);
});
