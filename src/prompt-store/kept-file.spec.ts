import { createTemporaryFolder } from '../../test/temporary-folder.js';
import { PIECE_BYTES, readKeptFile, writeKeptFile } from './kept-file.js';

it('keeps planes of more bytes than are written and read in one go', async () => {
  const temporary = createTemporaryFolder();
  const path = temporary.path('file');
  const data = new Uint8Array(Buffer.alloc(PIECE_BYTES + 5, 'salamandra '));
  await writeKeptFile(path, 'name', { note: null, planes: [{ name: 'all', data }] });

  const { planes } = await readKeptFile(path, 'name');

  expect(Buffer.compare(data, planes[0]?.data as Uint8Array)).toBe(0);
  temporary.remove();
});
