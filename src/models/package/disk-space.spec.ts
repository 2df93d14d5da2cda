import * as fs from 'node:fs/promises';

import { jest } from '@jest/globals';

import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';

/** Of the disk, as `statfs` would tell. */
let freeBytes = 0;
jest.unstable_mockModule('node:fs/promises', () => ({
  ...fs,
  statfs: () => Promise.resolve({ bavail: freeBytes / 4096, bsize: 4096 }),
}));
const { checkDiskSpace } = await import('./disk-space.js');

const SPARE_BYTES = 256 << 20;
const MIB = 1 << 20;

describe('checkDiskSpace', () => {
  const folder = createTemporaryFolder();
  const home = folder.path('');
  const missing = folder.path('missing');
  afterAll(() => folder.remove());

  it('throws STORAGE_FULL with the needed and the free space, in gigabytes', async () => {
    freeBytes = 5_000_003_584;
    await expect(
      checkDiskSpace(home, [
        { directory: missing, bytes: 7_000_000_000 },
        { directory: missing, bytes: 2_000_000_000 },
      ]),
    ).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      details: { needed: '9.3 GB', free: '5.0 GB' },
    });
  });

  it('leaves 256 MiB free', async () => {
    freeBytes = SPARE_BYTES + 100 * MIB;
    await expect(
      checkDiskSpace(home, [{ directory: missing, bytes: 100 * MIB }]),
    ).resolves.toBeUndefined();
    await expect(
      checkDiskSpace(home, [{ directory: missing, bytes: 100 * MIB + 1 }]),
    ).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  });

  it('subtracts the bytes that a folder already holds', async () => {
    folder.write('file', Buffer.alloc(MIB, 1));
    freeBytes = SPARE_BYTES + 2 * MIB;
    const check = (directory: string) => checkDiskSpace(home, [{ directory, bytes: 3 * MIB }]);

    await expect(check(home)).resolves.toBeUndefined();
    await expect(check(missing)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  });
});
