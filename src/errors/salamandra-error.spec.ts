import { ERROR_CODES, SalamandraError } from './salamandra-error.js';

describe('SalamandraError', () => {
  it('is an Error whose message is the public one', () => {
    const error = new SalamandraError('MEDIA_EMPTY', 'The file is empty.');

    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('SalamandraError');
    expect(error.message).toBe('The file is empty.');
    expect(error).not.toHaveProperty('cause');
  });

  it('takes retryable from the code unless told otherwise', () => {
    expect(new SalamandraError('QUEUE_FULL', 'Busy.').retryable).toBe(true);
    expect(new SalamandraError('QUEUE_FULL', 'Busy.', { retryable: false }).retryable).toBe(false);
    expect(new SalamandraError('MEDIA_CORRUPT', 'Corrupt.').retryable).toBe(false);
  });

  it('lists no code twice', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
  });

  it.each(ERROR_CODES)('carries %s through JSON', (code) => {
    const sent = new SalamandraError(code, 'A sentence.', {
      details: { limit: 3, side: 'width', exact: true, allowed: ['image/png'] },
      retryable: true,
    });

    const received = SalamandraError.fromJSON(JSON.parse(JSON.stringify(sent)));

    expect(received).toBeInstanceOf(SalamandraError);
    expect(received.toJSON()).toEqual(sent.toJSON());
  });

  it('carries no cause and no stack', () => {
    const error = new SalamandraError('INTERNAL', 'Internal error.', {
      cause: new Error('secret'),
    });

    expect(error.cause).toBeInstanceOf(Error);
    expect(Object.keys(error.toJSON())).toEqual(['code', 'publicMessage', 'retryable']);
  });

  it.each([
    ['nothing', undefined],
    ['a sentence', 'MEDIA_EMPTY'],
    ['a list', []],
    ['an unknown code', { code: 'TEAPOT', publicMessage: 'x', retryable: false }],
    ['no message', { code: 'MEDIA_EMPTY', retryable: false }],
    ['no retryable', { code: 'MEDIA_EMPTY', publicMessage: 'x' }],
    [
      'nested details',
      { code: 'MEDIA_EMPTY', publicMessage: 'x', retryable: false, details: { a: {} } },
    ],
    [
      'a list of numbers',
      { code: 'MEDIA_EMPTY', publicMessage: 'x', retryable: false, details: { a: [1] } },
    ],
  ])('reads %s as INTERNAL', (_, value) => {
    const error = SalamandraError.fromJSON(value);

    expect(error.code).toBe('INTERNAL');
    expect(error.cause).toBe(value);
  });
});
