import { readFileSync } from 'node:fs';

import {
  describeWithFfmpeg,
  encodeFrames,
  MPEG4,
  numberedFrames,
  readFrameNumber,
  requireFfmpeg,
  runEncoder,
  VIDEO_HEIGHT,
  VIDEO_WIDTH,
} from '../../test/videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { type SampledFrame, sampleFrames } from './sample-frames.js';
import { sniffVideoContainer } from './sniff-media.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

async function sample(path: string, count = 4) {
  const sampling = { mode: 'uniform', frames: { count } } as const;
  const { video, frames } = await sampleFrames(requireFfmpeg(), path, sampling, 64);
  const sampled: SampledFrame[] = [];
  for await (const frame of frames) sampled.push(frame);
  return { video, frames: sampled, numbers: sampled.map(({ data }) => readFrameNumber(data)) };
}

/** 40 numbered frames at 10 frames per second. */
function encode(name: string, options: readonly string[]): string {
  const path = folder.path(name);
  encodeFrames(path, numberedFrames(40), options);
  return path;
}

describeWithFfmpeg('codecs of archives', () => {
  it.each([
    ['ffv1.mkv', ['-c:v', 'ffv1']],
    ['prores.mov', ['-c:v', 'prores_ks', '-pix_fmt', 'yuv422p10le']],
    ['v210.mov', ['-c:v', 'v210', '-pix_fmt', 'yuv422p10le']],
    ['raw.avi', ['-c:v', 'rawvideo', '-pix_fmt', 'bgr24']],
    ['huffyuv.avi', ['-c:v', 'huffyuv']],
    ['ffvhuff.avi', ['-c:v', 'ffvhuff']],
    ['utvideo.avi', ['-c:v', 'utvideo']],
    ['jpeg2000.mov', ['-c:v', 'jpeg2000']],
    ['cinepak.avi', ['-c:v', 'cinepak', '-pix_fmt', 'rgb24']],
    ['qtrle.mov', ['-c:v', 'qtrle']],
    ['msvideo1.avi', ['-c:v', 'msvideo1', '-pix_fmt', 'rgb555le']],
    ['lossless.y4m', ['-pix_fmt', 'yuv444p']],
  ])('reads %s', async (name, options) => {
    const { numbers } = await sample(encode(name, options));

    expect(numbers).toHaveLength(4);
    // Codecs with 5 bits per channel round gray levels by almost one number.
    numbers.forEach((number, i) => expect(Math.abs(number - 10 * i)).toBeLessThanOrEqual(1));
  });

  it('reads DNxHD in MXF', async () => {
    const path = encode('dnxhr.mxf', [
      ...['-vf', 'scale=1280:720:flags=neighbor', '-r', '25', '-c:v', 'dnxhd'],
      ...['-profile:v', 'dnxhr_lb', '-pix_fmt', 'yuv422p'],
    ]);
    const { frames, numbers, video } = await sample(path);

    expect(video.durationSeconds).toBeCloseTo(4, 0);
    expect(frames[0]).toMatchObject({ width: 1280, height: 720 });
    numbers.forEach((number, i) => expect(Math.abs(number - 10 * i)).toBeLessThanOrEqual(1));
  });
});

describeWithFfmpeg('containers of archives', () => {
  it.each([
    ['op1a.mxf', ['-c:v', 'mpeg2video', '-q:v', '2', '-r', '25']],
    ['stream.m2v', ['-c:v', 'mpeg2video', '-q:v', '2', '-r', '25']],
    ['stream.m4v', [...MPEG4, '-r', '25', '-f', 'm4v']],
    ['stream.gxf', ['-c:v', 'mpeg2video', '-vf', 'scale=720:576', '-r', '25', '-f', 'gxf']],
  ])('reads %s', async (name, options) => {
    const { numbers, video } = await sample(encode(name, options));

    expect(video.durationSeconds).toBeCloseTo(4, 0);
    expect(numbers).toHaveLength(4);
    numbers.forEach((number, i) => expect(Math.abs(number - 10 * i)).toBeLessThanOrEqual(1));
  });

  it('reads raw DV', async () => {
    const path = encode('camera.dv', ['-target', 'pal-dv', '-an', '-aspect', '4:3']);
    const { numbers, frames } = await sample(path);

    expect(frames[0]).toMatchObject({ width: 768, height: 576 });
    numbers.forEach((number, i) => expect(Math.abs(number - 10 * i)).toBeLessThanOrEqual(1));
  });

  it.each([
    ['Annex B of H.264', '0000000167640028', 'h264'],
    ['Annex B of H.264 after a delimiter', '0000000109f0', 'h264'],
    ['Annex B of HEVC', '0000000140010c01', 'hevc'],
    ['an icon', '0000010001002020', null],
    ['zeros', '0000000000000000', null],
  ])('tells %s by its first bytes', (_, hex, container) => {
    expect(sniffVideoContainer(Buffer.from(hex, 'hex'))).toBe(container);
  });
});

describeWithFfmpeg('pixels of broadcast material', () => {
  it('makes anamorphic pixels square', async () => {
    const { frames, video } = await sample(encode('wide.mkv', [...MPEG4, '-aspect', '16:9']));

    const width = Math.round((VIDEO_HEIGHT * 16) / 9);
    expect(video).toMatchObject({ width, height: VIDEO_HEIGHT });
    expect(frames[0]).toMatchObject({ width, height: VIDEO_HEIGHT });
    expect(frames[0]?.data).toHaveLength(width * VIDEO_HEIGHT * 3);
  });

  it('deinterlaces', async () => {
    // Lines alternate between dark and bright, and change places in each frame: two moments in one frame.
    const path = folder.path('interlaced.mpg');
    const frames = Array.from({ length: 25 }, (_, number) =>
      new Uint8Array(VIDEO_WIDTH * VIDEO_HEIGHT * 3).map((_value, i) =>
        (Math.floor(i / (VIDEO_WIDTH * 3)) + number) % 2 === 0 ? 40 : 200,
      ),
    );
    const size = `${VIDEO_WIDTH}x${VIDEO_HEIGHT}`;
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-r', '25', '-i', 'pipe:0'];
    const interlaced = ['-vf', 'setfield=tff', '-flags', '+ildct+ilme', '-top', '1', '-q:v', '1'];
    runEncoder([...input, '-c:v', 'mpeg2video', ...interlaced, path], Buffer.concat(frames));
    const { frames: sampled } = await sample(path, 2);
    const data = sampled.at(-1)?.data ?? new Uint8Array();
    const line = (y: number) => data[(y * VIDEO_WIDTH + 10) * 3] ?? NaN;

    // Neighboring lines come from one field.
    expect(requireFfmpeg().deinterlacer).not.toBeNull();
    expect(Math.abs(line(20) - line(21))).toBeLessThan(40);
  });

  it.each([
    ['01:02:03:04', '01:02:03:04'],
    ['10:00:00;00', '10:00:00;00'],
  ])('reads the timecode %s', async (timecode, expected) => {
    const path = folder.path('timecode.mov');
    const rate = timecode.includes(';') ? '30000/1001' : '25';
    encodeFrames(path, numberedFrames(10), [...MPEG4, '-r', rate, '-timecode', timecode]);

    expect((await sample(path)).video.timecode).toBe(expected);
  });

  it('takes no other text for a timecode', async () => {
    const path = folder.path('text.mkv');
    runEncoder(['-i', encode('a.mkv', MPEG4), '-c', 'copy', '-metadata', 'timecode=<b>1', path]);

    expect(readFileSync(path).includes('<b>1')).toBe(true);
    expect((await sample(path)).video.timecode).toBeNull();
  });
});
