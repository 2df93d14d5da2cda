import { en } from '../locales/en.js';
import { ServiceError } from '../service/service-error.js';
import { describeError } from './describe-error.js';

const problem = (code: string, retryable: boolean) =>
  new ServiceError('problem', {
    code,
    detail: 'What the service says.',
    retryable,
  });

it('says what to do where the service does not answer, or stops in the middle', () => {
  expect(describeError(new ServiceError('unreachable'), en)).toEqual({
    text: en.errors.offline,
    detail: undefined,
    canRetry: true,
  });
  expect(describeError(new ServiceError('interrupted'), en).text).toBe(en.errors.interrupted);
});

it('has words of its own for a code, and the sentence of the service beneath', () => {
  expect(describeError(problem('QUEUE_FULL', true), en)).toEqual({
    text: 'The service has as much work as it can take. Try again in a moment.',
    detail: 'What the service says.',
    canRetry: true,
  });
});

it('offers to try again only where the same request may succeed', () => {
  expect(describeError(problem('MEDIA_CORRUPT', false), en).canRetry).toBe(false);
  expect(describeError(problem('INTERNAL', false), en).canRetry).toBe(true);
});

it('has words for codes it does not know and for faults of its own', () => {
  expect(describeError(problem('SOMETHING_NEW', false), en)).toEqual({
    text: en.errors.unknown,
    detail: 'What the service says.',
    canRetry: true,
  });
  expect(describeError(new TypeError('x'), en)).toEqual({
    text: en.errors.unknown,
    detail: undefined,
    canRetry: true,
  });
});
