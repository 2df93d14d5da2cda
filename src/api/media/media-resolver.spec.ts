import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { jest } from '@jest/globals';

import { tinyVideo } from '../../../test/videos/tiny-video.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { FetchTarget, MediaFetcher } from '../../media/remote/media-fetcher.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { MediaFiles } from './media-files.js';
import { MediaResolver } from './media-resolver.js';

const SAMPLING: FrameSampling = { mode: 'uniform', frames: { count: 4 } };
const IMAGE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

const { signal } = new AbortController();

async function* chunksOf(bytes: Uint8Array) {
  yield await Promise.resolve(bytes);
}

let files: MediaFiles;
let resolver: MediaResolver;
let targets: FetchTarget[];

beforeEach(() => {
  files = new MediaFiles();
  targets = [];
  const fetcher: MediaFetcher = {
    async fetch(url, target) {
      targets.push(target);
      if (url.endsWith('.png')) return { kind: 'image', bytes: IMAGE };
      const path = await target.store(chunksOf(tinyVideo()));
      if (url.endsWith('broken')) throw new SalamandraError('MEDIA_FETCH_FAILED', 'No.');
      return { kind: 'video', path };
    },
  };
  resolver = new MediaResolver(files, fetcher, 25_000_000);
});

afterEach(() => files.onModuleDestroy());

it('tells videos from images by their first bytes, and removes its own files on release', async () => {
  const upload = await files.openScope().write([tinyVideo()]);
  const resolved = await resolver.resolve(
    [
      { kind: 'bytes', bytes: IMAGE },
      { kind: 'bytes', bytes: tinyVideo() },
      { kind: 'file', holds: 'video', path: upload },
      { kind: 'url', url: 'http://x.org/a.png' },
      { kind: 'url', url: 'http://x.org/a.mp4' },
    ],
    SAMPLING,
    signal,
  );

  const path = expect.any(String) as string;
  expect(resolved.media).toEqual([
    { kind: 'image', bytes: IMAGE },
    { kind: 'video', path, sampling: SAMPLING },
    { kind: 'video', path: upload, sampling: SAMPLING },
    { kind: 'image', bytes: IMAGE },
    { kind: 'video', path, sampling: SAMPLING },
  ]);
  const paths = resolved.media.flatMap((one) => (one.kind === 'video' ? [one.path] : []));
  expect(await readFile(paths[0] ?? '')).toEqual(tinyVideo());
  await resolved.release();
  expect(paths.map((one) => existsSync(one))).toEqual([false, true, false]);
});

it('limits a downloaded video to the bytes that the other videos left', async () => {
  const url = 'http://x.org/a.mp4';
  const resolved = await resolver.resolve(
    [
      { kind: 'url', url },
      { kind: 'url', url },
    ],
    SAMPLING,
    signal,
  );
  await resolved.release();

  const [first, second] = targets.map(({ maxVideoBytes }) => maxVideoBytes);
  expect((first ?? 0) - (second ?? 0)).toBe(tinyVideo().length);
});

it('has one deadline for all downloads', async () => {
  const spy = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());

  const resolving = resolver.resolve(
    [{ kind: 'url', url: 'http://x.org/a.mp4' }],
    SAMPLING,
    signal,
  );

  await expect(resolving).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  spy.mockRestore();
});

it('limits a downloaded image to the bytes that the other images left', async () => {
  const bytes = Buffer.alloc(24_000_000);
  await resolver.resolve(
    [
      { kind: 'bytes', bytes },
      { kind: 'bytes', bytes },
      { kind: 'url', url: 'http://x.org/a.png' },
    ],
    SAMPLING,
    signal,
  );

  expect(targets).toMatchObject([{ maxImageBytes: 2_000_000, maxVideoBytes: 2_000_000_000 }]);
});

it('removes all files if one download fails', async () => {
  const kept = await files.openScope().write([tinyVideo()]);
  const broken = resolver.resolve(
    [
      { kind: 'bytes', bytes: tinyVideo() },
      { kind: 'url', url: 'http://x.org/broken' },
    ],
    SAMPLING,
    signal,
  );

  await expect(broken).rejects.toMatchObject({ code: 'MEDIA_FETCH_FAILED' });
  expect((await readdir(dirname(kept))).toSorted()).toEqual([basename(kept), 'lock'].toSorted());
});

it('resolves nothing if the signal is aborted', async () => {
  const resolving = resolver.resolve(
    [{ kind: 'bytes', bytes: IMAGE }],
    SAMPLING,
    AbortSignal.abort(new Error('left')),
  );

  await expect(resolving).rejects.toThrow('left');
});
