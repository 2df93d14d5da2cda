import { SalamandraError } from '../../errors/salamandra-error.js';
import { InvalidFieldsError } from '../request/request-validation.js';
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

it('tells the facts in the sentence, and nothing of the cause', () => {
  const error = new SalamandraError('INVALID_PARAMETER', 'No.', {
    details: { parameter: 'language', allowed: ['ca', 'es'], max: 2 },
    cause: new Error('/secret'),
  });

  expect(toOpenAiError(error).error).toMatchObject({
    message: 'No. (allowed: ca, es; max: 2)',
    param: 'language',
  });
});

it('names the first of several fields', () => {
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

it('tells a model that is not here from an address that is not', () => {
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
