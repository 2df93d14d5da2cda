import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { jest } from '@jest/globals';

import { tinyVideo } from '../../../test/videos/tiny-video.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import type { FetchTarget } from '../../media/remote/media-fetcher.js';
import type { FrameSampling } from '../../media/frame-sampling.js';
import { MediaFiles } from './media-files.js';
import { MediaResolver } from './media-resolver.js';

const SAMPLING: FrameSampling = { mode: 'uniform', frames: { count: 4 } };
const PICTURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

const { signal } = new AbortController();

let files: MediaFiles;
let intake: MediaResolver;
let targets: FetchTarget[];

beforeEach(() => {
  files = new MediaFiles();
  targets = [];
  intake = new MediaResolver(files, {
    async fetch(url, target) {
      targets.push(target);
      if (url.endsWith('.png')) return { kind: 'image', bytes: PICTURE };
      const path = await target.createVideoFile();
      await writeFile(path, tinyVideo());
      if (url.endsWith('broken')) throw new SalamandraError('MEDIA_FETCH_FAILED', 'No.');
      return { kind: 'video', path };
    },
  });
});

afterEach(() => files.onModuleDestroy());

it('tells clips from pictures by their bytes, and removes its files', async () => {
  const upload = await files.openScope().write([tinyVideo()]);
  const taken = await intake.resolve(
    [
      { kind: 'bytes', bytes: PICTURE },
      { kind: 'bytes', bytes: tinyVideo() },
      { kind: 'file', path: upload },
      { kind: 'url', url: 'http://x.org/a.png' },
      { kind: 'url', url: 'http://x.org/a.mp4' },
    ],
    SAMPLING,
    signal,
  );

  const path = expect.any(String) as string;
  expect(taken.media).toEqual([
    { kind: 'image', bytes: PICTURE },
    { kind: 'video', path, sampling: SAMPLING },
    { kind: 'video', path: upload, sampling: SAMPLING },
    { kind: 'image', bytes: PICTURE },
    { kind: 'video', path, sampling: SAMPLING },
  ]);
  const paths = taken.media.flatMap((one) => (one.kind === 'video' ? [one.path] : []));
  expect(await readFile(paths[0] ?? '')).toEqual(tinyVideo());
  await taken.release();
  expect(paths.map((one) => existsSync(one))).toEqual([false, true, false]);
});

it('leaves a fetched clip no more room than the others left', async () => {
  const url = 'http://x.org/a.mp4';
  const taken = await intake.resolve(
    [
      { kind: 'url', url },
      { kind: 'url', url },
    ],
    SAMPLING,
    signal,
  );
  await taken.release();

  const [first, second] = targets.map(({ maxVideoBytes }) => maxVideoBytes);
  expect((first ?? 0) - (second ?? 0)).toBe(tinyVideo().length);
});

it('gives slow servers one deadline together', async () => {
  const spy = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());

  const taking = intake.resolve([{ kind: 'url', url: 'http://x.org/a.mp4' }], SAMPLING, signal);

  await expect(taking).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  spy.mockRestore();
});

it('leaves a fetched picture no more room than the others left', async () => {
  const bytes = Buffer.alloc(24_000_000);
  await intake.resolve(
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

it('leaves no file behind when one of the media cannot be had', async () => {
  const scope = files.openScope();
  const broken = intake.resolve(
    [
      { kind: 'bytes', bytes: tinyVideo() },
      { kind: 'url', url: 'http://x.org/broken' },
    ],
    SAMPLING,
    signal,
  );

  await expect(broken).rejects.toMatchObject({ code: 'MEDIA_FETCH_FAILED' });
  expect(await readdir(dirname(await scope.newPath()))).toEqual([]);
});

it('takes nothing for a client that left', async () => {
  const taking = intake.resolve(
    [{ kind: 'bytes', bytes: PICTURE }],
    SAMPLING,
    AbortSignal.abort(new Error('left')),
  );

  await expect(taking).rejects.toThrow('left');
});
