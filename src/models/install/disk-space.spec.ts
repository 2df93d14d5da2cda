import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { checkDiskSpace } from './disk-space.js';

describe('checkDiskSpace', () => {
  const folder = createTemporaryFolder();
  const home = folder.path('');
  afterAll(() => folder.remove());

  it('reports the needed and the free space', async () => {
    const check = checkDiskSpace(home, [{ directory: folder.path('none'), bytes: 1e18 }]);
    await expect(check).rejects.toMatchObject({
      code: 'STORAGE_FULL',
      details: { needed: '1000000000.3 GB' },
    });
  });

  it('does not count existing bytes', async () => {
    folder.write('file', Buffer.alloc(100_000, 1));
    await checkDiskSpace(home, [{ directory: home, bytes: 100_000 }]);
  });
});
