import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { PIECE_BYTES, readCacheFile, writeCacheFile } from './disk-cache-file.js';

describe('readCacheFile', () => {
  it('reads back planes larger than the I/O chunk size', async () => {
    const temporary = createTemporaryFolder();
    const path = temporary.path('file');
    const data = new Int8Array(Buffer.alloc(PIECE_BYTES + 5, 'salamandra '));
    await writeCacheFile(path, 'name', { metadata: null, planes: [{ name: 'all', data }] });

    const { planes } = await readCacheFile(path, 'name');

    const [bytes, expected] = [planes[0]!.data, data].map(({ buffer }) => new Uint8Array(buffer));
    expect(Buffer.compare(bytes!, expected!)).toBe(0);
    temporary.remove();
  });
});
