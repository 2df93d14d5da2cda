import { copyFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  VIDEO_HEIGHT,
  VIDEO_WIDTH,
  describeWithFfmpeg,
  encodeFrames,
  MPEG4,
  numberedFrames,
  readFrameNumber,
  requireFfmpeg,
  runEncoder,
} from '../../test/videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import type { FrameSampling } from './frame-sampling.js';
import { type SampledFrame, sampleFrames } from './sample-frames.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const UNIFORM = { mode: 'uniform', frames: { count: 4 } } as const;

async function sample(path: string, sampling: FrameSampling = UNIFORM, maxFrames = 64) {
  const sampled = await sampleFrames(requireFfmpeg(), path, sampling, maxFrames);
  const frames: SampledFrame[] = [];
  for await (const frame of sampled.frames) frames.push(frame);
  const times = frames.map(({ timestampSeconds }) => timestampSeconds);
  return { ...sampled, frames, times, numbers: frames.map(({ data }) => readFrameNumber(data)) };
}

/** 40 numbered frames at 10 frames per second, with a key frame every 12. */
function encodeNumbered(name: string, options: readonly string[] = []): string {
  const path = folder.path(name);
  encodeFrames(path, numberedFrames(40), [...MPEG4, '-g', '12', ...options]);
  return path;
}

describeWithFfmpeg('sampleFrames', () => {
  describe.each(['mp4', 'mkv', 'avi', 'ts', 'mpg', 'flv'])('of a video in %s', (container) => {
    // A usual codec for each container, always with the same group of pictures.
    const codecs: Partial<Record<string, string[]>> = {
      mpg: ['-c:v', 'mpeg2video', '-r', '25', '-q:v', '2'],
      ts: ['-c:v', 'mpeg2video', '-r', '25', '-q:v', '2', '-output_ts_offset', '100'],
      flv: ['-c:v', 'flv', '-q:v', '2'],
    };
    let path: string;
    beforeAll(() => {
      path = encodeNumbered(`numbered.${container}`, codecs[container]);
    });

    it('yields the frames displayed at uniform times, with their timestamps', async () => {
      const { frames, times, numbers, framesRequested } = await sample(path);

      expect(framesRequested).toBe(4);
      [0, 1, 2, 3].forEach((time, i) => expect(times[i]).toBeCloseTo(time, 0));
      times.forEach((time, i) => expect(Math.abs(time * 10 - (numbers[i] ?? NaN))).toBeLessThan(1));
      expect(frames[0]).toMatchObject({ width: VIDEO_WIDTH, height: VIDEO_HEIGHT });
      expect(frames[0]?.data).toHaveLength(VIDEO_WIDTH * VIDEO_HEIGHT * 3);
    });

    it('yields the frames of a range, within one frame of the requested times', async () => {
      const range = { startSeconds: 2.25, endSeconds: 3.25 };
      const { times } = await sample(path, { mode: 'uniform', frames: { perSecond: 2 }, range });

      expect(times).toHaveLength(2);
      expect(Math.abs((times[0] ?? NaN) - 2.25)).toBeLessThanOrEqual(0.1);
      expect(Math.abs((times[1] ?? NaN) - 2.75)).toBeLessThanOrEqual(0.1);
    });
  });

  it('yields the last frame that starts by the requested time, as Hugging Face does', async () => {
    const path = encodeNumbered('rounding.mp4');
    const { numbers, times } = await sample(path, { mode: 'uniform', frames: { count: 16 } });

    const expected = Array.from({ length: 16 }, (_, i) => Math.floor((i * 40) / 16));
    expect(numbers).toEqual(expected);
    expect(times).toEqual(expected.map((number) => number / 10));
  });

  it('spreads maxFrames over the whole range if more are requested', async () => {
    const path = encodeNumbered('budget.mp4');
    const sampling = { mode: 'uniform', frames: { perSecond: 5 } } as const;

    expect(await sample(path, sampling, 2)).toMatchObject({ framesRequested: 20, times: [0, 2] });
  });

  it('yields no frame twice', async () => {
    const path = folder.path('three.mp4');
    encodeFrames(path, numberedFrames(3));
    const { times, framesRequested } = await sample(path, {
      mode: 'uniform',
      frames: { count: 8 },
    });

    expect(times).toEqual([0, 0.1, 0.2]);
    expect(framesRequested).toBe(8);
  });

  it('decodes a video of one frame', async () => {
    const path = folder.path('one.mp4');
    encodeFrames(path, numberedFrames(1));

    expect((await sample(path)).times).toEqual([0]);
  });

  it('decodes a video of one pixel', async () => {
    const path = folder.path('pixel.mkv');
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', '1x1', '-i', 'pipe:0'];
    const colors = new Uint8Array(100 * 3).map((_, i) => i);
    runEncoder([...input, '-c:v', 'mjpeg', '-pix_fmt', 'yuvj444p', path], colors);
    const { frames } = await sample(path);

    expect(frames).toHaveLength(4);
    expect(frames[0]).toMatchObject({ width: 1, height: 1 });
  });

  it('decodes a recorded live stream without a duration', async () => {
    const path = encodeNumbered('live.mkv', ['-live', '1']);
    const { video, numbers } = await sample(path);

    expect(video.durationSeconds).toBeCloseTo(3.9, 1);
    expect(numbers).toEqual([0, 9, 19, 29]);
  });

  it('ends with the video stream if the audio is longer', async () => {
    const path = folder.path('sound.mp4');
    const sound = ['-f', 'lavfi', '-i', 'sine=duration=9', '-c:a', 'aac'];
    runEncoder(['-i', encodeNumbered('silent.mp4'), ...sound, '-c:v', 'copy', path]);
    const { video, times } = await sample(path);

    expect(video.durationSeconds).toBeCloseTo(4, 1);
    expect(times).toEqual([0, 1, 2, 3]);
  });

  it('rejects a range after the end', async () => {
    const path = encodeNumbered('range.mp4');
    const range = { startSeconds: 4.5, endSeconds: null };

    await expect(sample(path, { ...UNIFORM, range })).rejects.toMatchObject({
      code: 'NO_DECODABLE_FRAME',
    });
  });

  it('follows the timestamps of a variable frame rate', async () => {
    const path = folder.path('varying.mkv');
    // Frame n at n²/400 s: the frame rate decreases.
    const { frameTimingOption: keepTimesOption } = requireFfmpeg();
    const vary = ['-vf', "settb=1/1000,setpts='N*N/400/TB'", keepTimesOption, 'vfr'];
    encodeFrames(path, numberedFrames(40), [...MPEG4, ...vary, '-enc_time_base', '1/1000']);
    const { times, numbers } = await sample(path, { mode: 'uniform', frames: { count: 8 } });

    expect(times).toHaveLength(8);
    const shownAt = (number: number) => (number * number) / 400;
    numbers.forEach((number, i) => {
      expect(times[i]).toBeCloseTo(shownAt(number), 2);
      const wished = (i * 1521) / 400 / 8;
      expect(wished).toBeGreaterThan(shownAt(number - 1) - 0.1);
      expect(wished).toBeLessThan(shownAt(number + 1) + 0.1);
    });
  });

  describe.each(['mp4', 'mov', 'mkv', 'ts', 'flv'])(
    'of a video in %s with a pause',
    (container) => {
      // Frames 0 to 14 from 0 to 1.4 s, then a pause of 60 s, then frames 15 to 29 from 61.5 to 62.9 s.
      const startOf = (number: number) => number / 10 + (number < 15 ? 0 : 60);
      let path: string;
      beforeAll(() => {
        path = folder.path(`pause.${container}`);
        const { frameTimingOption } = requireFfmpeg();
        const pause = "settb=1/1000,setpts='(N/10+60*gte(N,15))/TB'";
        const times = ['-vf', pause, frameTimingOption, 'vfr', '-enc_time_base', '1/1000'];
        const codec = container === 'flv' ? ['-c:v', 'flv', '-q:v', '2'] : MPEG4;
        encodeFrames(path, numberedFrames(30), [...codec, ...times]);
      });

      it.each([
        [10, 20, [14]],
        [58, 61, [14]],
        [1.25, 61.75, [12, 14]],
        [61.45, 62.25, [14, 18]],
      ])(
        'yields the frames on show from %d to %d s',
        async (startSeconds, endSeconds, expected) => {
          const range = { startSeconds, endSeconds };
          const { times, numbers } = await sample(path, {
            ...UNIFORM,
            frames: { count: 2 },
            range,
          });

          expect(numbers).toEqual(expected);
          times.forEach((time, i) => expect(time).toBeCloseTo(startOf(expected[i] ?? NaN), 2));
        },
      );
    },
  );

  describe.each([
    ['vob', ['-c:v', 'mpeg2video', '-r', '25', '-q:v', '2']],
    ['ts', ['-c:v', 'mpeg2video', '-r', '25', '-q:v', '2']],
    ['mkv', MPEG4],
    ['avi', MPEG4],
    ['flv', ['-c:v', 'flv', '-q:v', '2']],
  ])('of joined files in %s', (container, codec) => {
    // Three files of 10 frames and 1 s. The clock of each starts again.
    let path: string;
    beforeAll(() => {
      const files = [0, 1, 2].map((i) => {
        const file = folder.path(`part-${i}.${container}`);
        encodeFrames(file, numberedFrames(30).slice(i * 10, i * 10 + 10), codec);
        return readFileSync(file);
      });
      path = folder.write(`joined.${container}`, Buffer.concat(files));
    });

    it('yields frames of all files, on one clock', async () => {
      const { video, numbers, times } = await sample(path, { ...UNIFORM, frames: { count: 6 } });

      expect(video.clockRestarts).toBe(2);
      expect(video.durationSeconds).toBeCloseTo(3, 0);
      expect(numbers).toHaveLength(6);
      times.forEach((time, i) => {
        expect(Math.abs(time - i / 2)).toBeLessThanOrEqual(0.25);
        expect(Math.abs((numbers[i] ?? NaN) - time * 10)).toBeLessThanOrEqual(2);
      });
    });

    it('yields the frames of a range across two files', async () => {
      const range = { startSeconds: 1.55, endSeconds: 2.55 };
      const { numbers } = await sample(path, { mode: 'uniform', frames: { count: 2 }, range });

      expect(Math.abs((numbers[0] ?? NaN) - 15)).toBeLessThanOrEqual(1);
      expect(Math.abs((numbers[1] ?? NaN) - 20)).toBeLessThanOrEqual(1);
    });
  });

  describe.each(['mp4', 'mkv', 'avi'])('of several video streams in %s', (container) => {
    let clip: string;
    beforeAll(() => {
      clip = encodeNumbered(`clip.${container}`);
    });

    it('skips a still image that is the first stream and the default', async () => {
      const path = folder.path(`still-first.${container}`);
      const still = folder.path('still.avi');
      const white = ['-f', 'lavfi', '-i', 'color=white:size=320x240:rate=10'];
      runEncoder([...white, '-frames:v', '1', '-c:v', 'mjpeg', still]);
      const streams = ['-map', '0:v', '-map', '1:v', '-c', 'copy'];
      const defaults = ['-disposition:v:0', 'default', '-disposition:v:1', '0'];
      runEncoder(['-i', still, '-i', clip, ...streams, ...defaults, path]);

      expect((await sample(path)).numbers).toEqual([0, 10, 20, 30]);
    });

    it('prefers the stream with the most frames, and then the largest picture', async () => {
      const path = folder.path(`larger-second.${container}`);
      const both = ['-map', '0:v', '-map', '0:v', '-disposition:v', 'default'];
      const size = ['-filter:v:0', 'scale=32:24', '-c:v', 'mpeg4', '-q:v', '2'];
      runEncoder(['-i', clip, ...both, ...size, path]);

      expect((await sample(path)).frames[0]).toMatchObject({ width: VIDEO_WIDTH });
    });
  });

  it('holds the last frame while the sound goes on', async () => {
    const path = folder.path('slide.mkv');
    const sound = ['-f', 'lavfi', '-i', 'sine=duration=30', '-c:a', 'aac'];
    runEncoder(['-i', encodeNumbered('slides.mp4'), ...sound, '-c:v', 'copy', path]);
    const range = { startSeconds: 20, endSeconds: 25 };
    const { times, numbers } = await sample(path, { ...UNIFORM, range });

    expect(numbers).toEqual([39]);
    expect(times[0]).toBeCloseTo(3.9, 1);
  });

  it('follows an edit list that starts within a group of pictures', async () => {
    const whole = encodeNumbered('whole.mp4', ['-bf', '2']);
    const path = folder.path('cut.mp4');
    runEncoder(['-ss', '1.5', '-i', whole, '-c', 'copy', path]);
    const { times, numbers } = await sample(path, { mode: 'uniform', frames: { count: 5 } });

    times.forEach((time, i) => {
      expect(Math.abs(time - i * 0.5)).toBeLessThanOrEqual(0.1001);
      expect(Math.abs((numbers[i] ?? NaN) - (time + 1.5) * 10)).toBeLessThanOrEqual(1);
    });
    expect(times).toHaveLength(5);
  });

  it.each([
    ['-i'],
    ['; rm -rf .mp4'],
    ['%d.png'],
    ['a\nb.mp4'],
    ['http:%2f%2f127.0.0.1'],
    ['é'.repeat(127)],
    ['file:x,y|z'],
  ])('passes a file name literally: %j', async (name) => {
    const path = folder.path(name);
    copyFileSync(encodeNumbered('name.mp4'), path);

    expect((await sample(path)).times).toEqual([0, 1, 2, 3]);
  });

  it.each([
    'hevc-10bit-pq.mp4',
    'hevc-10bit-hlg.mp4',
    'h264-444.mp4',
    'av1-10bit.mkv',
    'mpeg2-interlaced.mpg',
  ])('reads %s', async (name) => {
    const path = fileURLToPath(new URL(`../../test/fixtures/clips/${name}`, import.meta.url));
    const { frames } = await sample(path, { mode: 'uniform', frames: { count: 3 } });

    expect(frames.length).toBeGreaterThanOrEqual(2);
    for (const { width, height, data } of frames) {
      expect([width, height]).toEqual([64, 48]);
      // The first bar of the test image is much brighter than its last.
      expect(new Set(data).size).toBeGreaterThan(20);
    }
  });

  it('samples frames from the middle of shots', async () => {
    const numbers = numberedFrames(40);
    // Dark until 1 s, bright until 1.5 s, then dark.
    const frames = Array.from({ length: 40 }, (_, i) => numbers[i >= 10 && i < 15 ? 35 : 2]!);
    const path = folder.path('scenes.mp4');
    encodeFrames(path, frames);
    const scene = await sample(path, { mode: 'scene', frames: { count: 3 } });

    expect(scene.numbers).toEqual([2, 35, 2]);
    expect(scene.times).toEqual([0.5, 1.2, 2.7]);
  });
});
