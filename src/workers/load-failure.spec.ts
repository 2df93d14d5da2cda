import { SalamandraError } from '../errors/salamandra-error.js';
import { createOutputTail, isOutOfMemory, loadCrashed, toLoadFailure } from './load-failure.js';

describe('toLoadFailure', () => {
  it.each(['MODEL_INVALID', 'MODEL_NOT_FOUND'] as const)('keeps %s', (code) => {
    const error = new SalamandraError(code, 'The reason.');

    expect(toLoadFailure(error)).toBe(error);
  });

  it('keeps the reason and the details of other errors', () => {
    const full = new SalamandraError('STORAGE_FULL', 'The disk is full.', { details: { free: 3 } });

    expect(toLoadFailure(full)).toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      publicMessage: 'The model cannot be loaded. The disk is full.',
      details: { free: 3 },
      retryable: false,
    });
  });

  it.each([
    ['ENOSPC', /home folder is full/],
    ['EFBIG', /home folder is full/],
    ['EROFS', /home folder is not writable/],
    ['EACCES', /home folder is not writable/],
    ['ENOTDIR', /is a file/],
  ])('names the fault of the home folder: %s', (code, message) => {
    const failure = toLoadFailure(Object.assign(new Error('/secret/path'), { code }));

    expect(failure.publicMessage).toMatch(message);
    expect(failure.publicMessage).toMatch(/SALAMANDRA_HOME.*start the service again/);
    expect(failure.publicMessage).not.toContain('secret');
  });

  it.each([
    [new TypeError('/secret/path is undefined'), /Unexpected error \(TypeError\); the log/],
    [Object.assign(new Error('/secret/path'), { code: 'EIO' }), /\(Error, EIO\)/],
    [new SalamandraError('INTERNAL', 'Internal error.'), /\(SalamandraError, INTERNAL\)/],
    ['/secret/path', /\(Error\)/],
    [undefined, /\(Error\)/],
  ])('names the class and the system code of %p, not its message', (error, message) => {
    const failure = toLoadFailure(error);

    expect(failure.code).toBe('MODEL_LOAD_FAILED');
    expect(failure.publicMessage).toMatch(message);
    expect(failure.publicMessage).toContain('npx salamandra verify');
    expect(failure.publicMessage).not.toContain('secret');
    expect(failure.cause).toBe(error);
  });
});

describe('isOutOfMemory', () => {
  it.each([
    [new RangeError('Array buffer allocation failed')],
    [new Error('std::bad_alloc')],
    [new Error('Failed to allocate memory for requested buffer of size 4294967296')],
    [Object.assign(new Error('mmap'), { code: 'ENOMEM' })],
    [new SalamandraError('MODEL_INVALID', 'A graph.', { cause: new Error('bad allocation') })],
  ])('finds it in %p', (error) => {
    expect(isOutOfMemory(error)).toBe(true);
  });

  it.each([[new Error('Load model failed: invalid protobuf')], ['bad_alloc'], [null], [undefined]])(
    'does not find it in %p',
    (error) => {
      expect(isOutOfMemory(error)).toBe(false);
    },
  );
});

it('describes a crash by its signal, or else by its exit code', () => {
  const killed = loadCrashed({ exitCode: null, signal: 'SIGKILL', lastOutput: undefined }, 2);
  expect(killed).toMatchObject({ code: 'MODEL_LOAD_FAILED', details: { signal: 'SIGKILL' } });
  expect(killed).not.toHaveProperty('cause');
  const ended = loadCrashed({ exitCode: 134, signal: null, lastOutput: '/secret: FATAL' }, 1);
  expect(ended).toMatchObject({ details: { exitCode: 134 }, cause: '/secret: FATAL' });
  expect(ended.publicMessage).toMatch(/ended once while it loaded .* exit code 134\./);
  expect(ended.publicMessage).not.toContain('secret');
});

describe('createOutputTail', () => {
  it.each<[readonly string[], string | undefined]>([
    [[], undefined],
    [['\n \n'], undefined],
    [['one\ntwo\n'], 'two'],
    [
      ['FATAL ERROR: heap out', ' of memory\n 1: 0xb7 node\n 2: 0xb8 node\n'],
      'FATAL ERROR: heap out of memory',
    ],
    [['terminate called\n  what():  std::bad_alloc\nat x\n'], 'what():  std::bad_alloc'],
    [['error: old\n', 'x'.repeat(9_000), '\nlast'], 'last'],
  ])('finds the line that tells most in %j', (chunks, line) => {
    const output = createOutputTail();
    for (const chunk of chunks) output.push(Buffer.from(chunk));

    expect(output.lastLine()).toBe(line);
  });
});
