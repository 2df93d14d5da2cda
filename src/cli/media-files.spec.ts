import { join } from 'node:path';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { readMedia } from './media-files.js';

const SAMPLING = { mode: 'uniform' as const, frames: { count: 4 } };
const samples = join(import.meta.dirname, '../../samples');

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function withCode(code: string): Error {
  return expect.objectContaining({ code }) as Error;
}

describe('readMedia', () => {
  it('tells pictures from clips by what is in them', async () => {
    const picture = await readMedia(join(samples, 'fox.png'), SAMPLING);
    expect(picture).toMatchObject({ kind: 'image' });
    expect(picture.kind === 'image' && picture.bytes.subarray(1, 4)).toEqual(Buffer.from('PNG'));
    for (const name of ['rabbit-enters.webm', 'rocket-rises.mp4']) {
      const path = join(samples, name);
      expect(await readMedia(path, SAMPLING)).toEqual({ kind: 'video', path, sampling: SAMPLING });
    }
  });

  it('leaves what is neither to the decoder of pictures', async () => {
    const path = folder.write('text.mp4', 'neither');
    expect(await readMedia(path, SAMPLING)).toEqual({
      kind: 'image',
      bytes: Buffer.from('neither'),
    });
  });

  it('refuses what is no file', async () => {
    await expect(readMedia(folder.path('absent'), SAMPLING)).rejects.toEqual(withCode('NOT_FOUND'));
    await expect(readMedia(folder.path('.'), SAMPLING)).rejects.toEqual(
      withCode('INVALID_REQUEST'),
    );
  });
});
