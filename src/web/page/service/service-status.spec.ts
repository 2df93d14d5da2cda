import type { Problem } from './api-types.js';
import { readStatus } from './service-status.js';
import { readProblem, ServiceError } from './service-error.js';

function problem(code: string, parameters?: Problem['parameters']): ServiceError {
  const body = JSON.stringify({
    code,
    detail: `About ${code}.`,
    ...(parameters && { parameters }),
  });
  return new ServiceError('problem', readProblem(body));
}

it.each([
  [
    problem('MODEL_NOT_READY', { step: 'converting', progress: 0.5 }),
    { state: 'loading', step: 'converting' },
  ],
  [problem('MODEL_INVALID'), { state: 'failed', reason: 'About MODEL_INVALID.' }],
  [problem('MODEL_NOT_FOUND'), { state: 'failed', reason: 'About MODEL_NOT_FOUND.' }],
  [problem('MODEL_LOAD_FAILED'), { state: 'failed', reason: 'About MODEL_LOAD_FAILED.' }],
  [problem('INTERNAL'), { state: 'failed', reason: 'About INTERNAL.' }],
  [problem('SHUTTING_DOWN'), { state: 'unreachable' }],
  [new ServiceError('unreachable'), { state: 'unreachable' }],
])('reads %s', (error, status) => {
  expect(readStatus(error)).toEqual(status);
});

it.each(['', '<html>502</html>', '[]', 'null', '{"code":"X"}', undefined])(
  'finds no problem in %j',
  (body) => {
    expect(readProblem(body)).toBeUndefined();
  },
);
