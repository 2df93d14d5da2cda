import { writeAnimation } from '../../test/media/write-animation.js';
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { MAX_IMAGE_BYTES } from '../config/limits.js';
import { checkMediaFile, openMedia } from './media-files.js';

const SAMPLING = { mode: 'uniform' as const, frames: { count: 4 } };
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const samples = join(import.meta.dirname, '../../samples');

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

describe('openMedia', () => {
  it('loads an image into memory', async () => {
    const image = await openMedia(join(samples, 'fox.png'), SAMPLING, 'still');

    expect(image).toMatchObject({ kind: 'image' });
    expect('bytes' in image && image.bytes.subarray(1, 4)).toEqual(Buffer.from('PNG'));
  });

  it('leaves a large image on disk', async () => {
    const path = folder.write('large.png', Buffer.concat([PNG_SIGNATURE, Buffer.alloc(8_000_000)]));

    expect(await openMedia(path, SAMPLING, 'still')).toEqual({ kind: 'image', path });
  });

  it.each(['rabbit-enters.webm', 'rocket-rises.mp4'])(
    'leaves the video %s on disk',
    async (name) => {
      const path = join(samples, name);

      expect(await openMedia(path, SAMPLING, 'still')).toEqual({
        kind: 'video',
        path,
        sampling: SAMPLING,
      });
    },
  );
});

describe('checkMediaFile', () => {
  it('detects the kind by content, whatever the name', async () => {
    const image = folder.write('a.mp4', readFileSync(join(samples, 'fox.png')));

    expect(await checkMediaFile(image, 'still')).toBe('image');
    expect(await checkMediaFile(join(samples, 'rocket-rises.mp4'), 'still')).toBe('video');
  });

  it('takes an animation for a video if a clip is asked for', async () => {
    const frames = [255, 128].map((red) => ({ color: [red, 0, 0], delayMs: 100 }) as const);
    const moving = folder.write('moving.gif', await writeAnimation('gif', frames));
    const still = folder.write('still.gif', await writeAnimation('gif', frames.slice(0, 1)));

    expect(await checkMediaFile(moving, 'clip')).toBe('video');
    expect(await checkMediaFile(moving, 'still')).toBe('image');
    expect(await checkMediaFile(still, 'clip')).toBe('image');
    expect(await openMedia(moving, SAMPLING, 'clip')).toEqual({
      ...{ kind: 'video', path: moving, sampling: SAMPLING },
    });
  });

  it('rejects a named pipe without opening it', async () => {
    const pipe = folder.path('pipe.jpg');
    execFileSync('mkfifo', [pipe]);

    await expect(checkMediaFile(pipe, 'still')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringContaining('named pipe') as string,
    });
  });

  it('rejects a device', async () => {
    await expect(checkMediaFile('/dev/zero', 'still')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });

  it.each([
    ['a missing file', () => folder.path('absent'), 'NOT_FOUND'],
    ['a folder', () => folder.path('.'), 'INVALID_REQUEST'],
    ['an empty file', () => folder.write('empty.png', ''), 'MEDIA_EMPTY'],
    ['text named as a video', () => folder.write('a.mp4', 'neither'), 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a JPEG XR image',
      () => folder.write('a.jpg', Buffer.from('II\xbc\x01', 'latin1')),
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an image above the size limit',
      () => {
        const path = folder.write('a.png', PNG_SIGNATURE);
        truncateSync(path, MAX_IMAGE_BYTES + 1);
        return path;
      },
      'MEDIA_TOO_LARGE',
    ],
  ])('rejects %s', async (_, createFile, code) => {
    await expect(checkMediaFile(createFile(), 'still')).rejects.toMatchObject({ code });
  });

  const itOnUnix = process.platform === 'win32' ? it.skip : it;
  itOnUnix('rejects a FIFO without waiting for a writer', async () => {
    const path = folder.path('fifo');
    execFileSync('mkfifo', [path]);

    await expect(checkMediaFile(path, 'still')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
