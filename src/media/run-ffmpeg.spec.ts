import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import {
  describeWithFfmpeg,
  encodeFrames,
  MPEG4,
  numberedFrames,
  requireFfmpeg,
} from '../../test/videos/ffmpeg-videos.js';
import { decodeFrames } from './decode-frames.js';
import { probeVideo } from './probe-video.js';

const ALL = { seekSeconds: 0, frames: 'all', sidePixels: 512 } as const;

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

/** The open pipes and sockets of this process. */
function openPipes(): number {
  const isPipe = (fd: string) => {
    try {
      return /^(?:pipe|socket):/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  };
  return readdirSync('/proc/self/fd').filter(isPipe).length;
}

/** Process ids of ffmpeg below this process. */
function ffmpegChildren(): number[] {
  return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'ffmpeg\n')
    .map(Number);
}

describeWithFfmpeg('runFfmpeg', () => {
  const isLinux = existsSync('/proc/self/fd');
  const encode = async (name: string) => {
    const path = folder.path(name);
    encodeFrames(path, numberedFrames(200), MPEG4);
    const { parts } = await probeVideo(requireFfmpeg(), path);
    return parts[0]!;
  };

  it('leaves no pipe open when it is stopped in the middle', async () => {
    if (!isLinux) return;
    const part = await encode('stopped.mp4');
    const before = openPipes();
    for (let i = 0; i < 24; i++) {
      for await (const { width } of decodeFrames(requireFfmpeg(), part, ALL)) {
        expect(width).toBe(512);
        break;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(openPipes()).toBeLessThanOrEqual(before);
  });

  it('reports a kill from outside, also after the first frame', async () => {
    if (!isLinux) return;
    const part = await encode('killed.mp4');
    let count = 0;
    const decode = async () => {
      for await (const { width } of decodeFrames(requireFfmpeg(), part, ALL)) {
        count += width > 0 ? 1 : 0;
        if (count === 1) for (const pid of ffmpegChildren()) process.kill(pid, 'SIGKILL');
      }
    };

    await expect(decode()).rejects.toMatchObject({ code: 'SERVER_UNAVAILABLE', retryable: true });
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(200);
  });
});
