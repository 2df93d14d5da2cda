import { SalamandraError } from '../../errors/salamandra-error.js';
import { explainDiskError } from './disk-space.js';

const failure = (code: string) => Object.assign(new Error('refused'), { code });

describe('explainDiskError', () => {
  it.each([
    ['ENOSPC', 'STORAGE_FULL'],
    ['EDQUOT', 'STORAGE_FULL'],
    ['EFBIG', 'STORAGE_FULL'],
    ['EACCES', 'INVALID_PARAMETER'],
    ['EPERM', 'INVALID_PARAMETER'],
    ['EROFS', 'INVALID_PARAMETER'],
  ])('turns %s into %s, with the cause', (code, expected) => {
    const cause = failure(code);
    const error = explainDiskError(cause);

    expect(error).toBeInstanceOf(SalamandraError);
    expect(error).toMatchObject({ code: expected, cause });
  });

  it.each([
    ['a SalamandraError', new SalamandraError('MODEL_INVALID', 'x')],
    ['another code', failure('ECONNRESET')],
    ['no error', undefined],
  ])('returns everything else as it is: %s', (_, error) => {
    expect(explainDiskError(error)).toBe(error);
  });
});
