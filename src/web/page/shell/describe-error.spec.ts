import { ca } from '../locales/ca.js';
import { en } from '../locales/en.js';
import { eu } from '../locales/eu.js';
import type { Problem } from '../service/api-types.js';
import { ServiceError } from '../service/service-error.js';
import { describeError } from './describe-error.js';

const problem = (code: string, parameters?: Problem['parameters'], retryable = false) =>
  new ServiceError('problem', {
    ...{ code, detail: 'Detail of the service.', retryable },
    ...(parameters && { parameters }),
  });
const textOf = (code: string, parameters?: Problem['parameters']) =>
  describeError(problem(code, parameters), en, 'en').text;

it('describes an unreachable service and a lost connection', () => {
  expect(describeError(new ServiceError('unreachable'), en, 'en')).toEqual({
    text: en.errors.offline,
    detail: undefined,
    canRetry: true,
  });
  expect(describeError(new ServiceError('interrupted'), en, 'en').text).toBe(en.errors.interrupted);
});

it('has a text for a code, and the detail of the service', () => {
  expect(describeError(problem('QUEUE_FULL', undefined, true), en, 'en')).toEqual({
    text: 'The service is busy. Try again in a moment.',
    detail: 'Detail of the service.',
    canRetry: true,
  });
});

it.each([
  [
    'MEDIA_TOO_LARGE',
    { measure: 'pixels', value: 54_000_000, limit: 50_000_000 },
    '(54,000,000 pixels, limit: 50,000,000 pixels)',
  ],
  [
    'MEDIA_TOO_LARGE',
    { measure: 'side', value: 40_000, limit: 32_768 },
    '(40,000 pixels per side, limit: 32,768 pixels per side)',
  ],
  ['MEDIA_TOO_LARGE', { measure: 'seconds', limit: 86_400 }, '(limit: 24 hr)'],
  ['MEDIA_TOO_LARGE', { measure: 'streams', limit: 32 }, '(limit: 32 streams)'],
  ['MEDIA_TOO_LARGE', { measure: 'unknown', limit: 7 }, '(limit: 7)'],
  ['PAYLOAD_TOO_LARGE', { bytes: 26_040_000, max_bytes: 25_000_000 }, '(26.04 MB, limit: 25 MB)'],
  ['PAYLOAD_TOO_LARGE', { bytes: 20_000_000, max_bytes: 50_000_000 }, '(limit: 50 MB)'],
  ['PAYLOAD_TOO_LARGE', { max_bytes: 2_000_000_000 }, '(limit: 2 GB)'],
  ['TOO_MANY_PARTS', undefined, '(limit: 8 files)'],
  [
    'CONTEXT_LENGTH_EXCEEDED',
    { context_length: 1_024, text_tokens: 900, min_image_tokens: 49, max_tokens: 128 },
    '(1,077 tokens, limit: 1,024 tokens)',
  ],
  [
    'CONTEXT_LENGTH_EXCEEDED',
    { tokens: 9_000, maxTokens: 8_192 },
    '(9,000 tokens, limit: 8,192 tokens)',
  ],
  [
    'INVALID_PARAMETER',
    { parameter: 'temperature', min: 0, max: 2 },
    '(temperature, allowed: 0 to 2)',
  ],
  ['INVALID_PARAMETER', { parameter: 'seed' }, '(seed)'],
])('%s with %j names value and limit', (code, parameters, facts) => {
  expect(textOf(code, parameters)).toBe(en.errors.byCode[code]?.replace('{facts}', ` ${facts}`));
});

it('omits value and limit if the service sends neither', () => {
  expect(textOf('PAYLOAD_TOO_LARGE')).toBe('The file is too large. Compress or shorten it.');
  expect(textOf('MEDIA_CORRUPT', { measure: 'pixels', limit: 1 })).toBe(
    en.errors.byCode['MEDIA_CORRUPT'],
  );
});

it('formats numbers and units in the page language', () => {
  const large = problem('MEDIA_TOO_LARGE', { measure: 'seconds', value: 90_000, limit: 86_400 });
  const pixels = problem('MEDIA_TOO_LARGE', { measure: 'pixels', limit: 50_000_000 });

  expect(describeError(large, ca, 'ca').text).toContain('25 h, límit: 24 h');
  expect(describeError(pixels, eu, 'eu').text).toContain('(muga: 50.000.000 pixel)');
});

it('offers a retry only if the same request may succeed', () => {
  expect(describeError(problem('MEDIA_CORRUPT'), en, 'en').canRetry).toBe(false);
  expect(describeError(problem('INTERNAL'), en, 'en').canRetry).toBe(true);
});

it('describes unknown codes and exceptions of the page', () => {
  expect(describeError(problem('SOMETHING_NEW'), en, 'en')).toEqual({
    text: en.errors.refused('SOMETHING_NEW'),
    detail: 'Detail of the service.',
    canRetry: false,
  });
  expect(describeError(new TypeError('x'), en, 'en')).toEqual({
    text: en.errors.unknown,
    detail: undefined,
    canRetry: true,
  });
});
