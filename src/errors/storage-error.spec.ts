import { storageError } from './storage-error.js';

it.each([
  ['ENOSPC', 'STORAGE_FULL'],
  ['EDQUOT', 'STORAGE_FULL'],
  ['EFBIG', 'STORAGE_FULL'],
  ['EROFS', 'STORAGE_UNAVAILABLE'],
  ['EACCES', 'STORAGE_UNAVAILABLE'],
  ['EIO', 'STORAGE_UNAVAILABLE'],
  ['EMFILE', 'STORAGE_UNAVAILABLE'],
])('reports %s as %s, retryable', (code, expected) => {
  const cause = Object.assign(new Error(`${code}: /secret/path`), { code });

  expect(storageError(cause)).toMatchObject({ code: expected, retryable: true, cause });
  expect(storageError(cause).publicMessage).not.toContain('secret');
});
