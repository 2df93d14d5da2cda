import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { findFfmpeg } from './find-ffmpeg.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'salamandra-ffmpeg-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function install(name: string, firstLine = ''): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${firstLine}'\n`);
  chmodSync(path, 0o755);
  return path;
}

function installBoth(version: string): string {
  install('ffprobe');
  return install('ffmpeg', `ffmpeg version ${version} Copyright (c) 2000-2026`);
}

describe('findFfmpeg', () => {
  it.each([
    ['5.1.9-0+deb12u1', '-fps_mode'],
    ['4.4.2-0ubuntu0.22.04.1', '-vsync'],
    ['n8.1.2', '-fps_mode'],
    ['N-118000-g0e8eb07980', '-fps_mode'],
  ])('finds version %s on PATH', async (version, frameTimingOption) => {
    const ffmpegPath = installBoth(version);
    const PATH = ['/nowhere', '', folder].join(delimiter);

    expect(await findFfmpeg({ PATH })).toEqual({
      ffmpegPath,
      ffprobePath: join(folder, 'ffprobe'),
      frameTimingOption,
      deinterlacer: null,
    });
  });

  it('prefers SALAMANDRA_FFMPEG', async () => {
    const SALAMANDRA_FFMPEG = installBoth('7.1');

    expect(await findFfmpeg({ SALAMANDRA_FFMPEG, PATH: '/nowhere' })).toMatchObject({
      ffmpegPath: SALAMANDRA_FFMPEG,
    });
  });

  it('rejects a wrong SALAMANDRA_FFMPEG even if PATH has ffmpeg', async () => {
    installBoth('7.1');
    const env = { SALAMANDRA_FFMPEG: join(folder, 'missing'), PATH: folder };

    await expect(findFfmpeg(env)).rejects.toMatchObject({ code: 'VIDEO_UNAVAILABLE' });
  });

  it.each([
    ['an old version', () => installBoth('4.2.7')],
    ['ffmpeg without ffprobe', () => install('ffmpeg', 'ffmpeg version 7.1')],
    ['another program', () => (install('ffprobe'), install('ffmpeg', 'hello'))],
    ['none', () => undefined],
  ])('rejects %s', async (_, prepare) => {
    prepare();

    await expect(findFfmpeg({ PATH: folder })).rejects.toMatchObject({ code: 'VIDEO_UNAVAILABLE' });
  });
});
