import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import {
  describeWithFfmpeg,
  MPEG4,
  requireFfmpeg,
  runEncoder,
} from '../../test/videos/ffmpeg-videos.js';
import { planDecoding } from './plan-decoding.js';
import { probeVideo } from './probe-video.js';
import { sampleFrames } from './sample-frames.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

/** Frames of the test videos, at 100 per second: more than one cheap run decodes. */
const FRAMES = 3_000;
const SPAN = { startSeconds: 0, endSeconds: 30 };
const TIMES = [0, 5, 10, 15, 20, 25];

function encode(name: string, keyFrameDistance: number): string {
  const path = folder.path(name);
  const source = ['-f', 'lavfi', '-i', 'color=gray:s=64x48:r=100', '-frames:v', String(FRAMES)];
  runEncoder([...source, ...MPEG4, '-g', String(keyFrameDistance), '-sc_threshold', '0', path]);
  return path;
}

/** Pixels of a frame and the cost of its packet. */
const PACKET = 64 * 48 + 20_000;
const RUN = 20_000_000;
const SHOWN = TIMES.length * 64 * 48 * 3;

describeWithFfmpeg('planDecoding', () => {
  // mpeg4 encoders place a key frame at least every 600 frames.
  it.each(['far.mp4', 'far.mkv'])(
    'passes the frames of %s between distant key frames once',
    async (name) => {
      const path = encode(name, 600);
      const video = await probeVideo(requireFfmpeg(), path);
      const { runs, pixels } = await planDecoding(requireFfmpeg(), video, SPAN, TIMES);

      expect(runs.map(({ times }) => times)).toEqual([[0, 5], [10], [15], [20], [25]]);
      // The key frames are at 0, 6, 12, 18 and 24 s.
      const packets = [501, 401, 301, 201, 101].reduce((a, b) => a + b);
      expect(Math.abs((pixels - SHOWN - 5 * RUN) / PACKET - packets)).toBeLessThanOrEqual(5);
    },
  );

  it('seeks to each frame between close key frames, and counts only the packets on the way', async () => {
    const path = encode('near.mp4', 30);
    const video = await probeVideo(requireFfmpeg(), path);
    const { runs, pixels } = await planDecoding(requireFfmpeg(), video, SPAN, TIMES);

    expect(runs.map(({ times }) => times)).toEqual(TIMES.map((time) => [time]));
    expect((pixels - SHOWN - 6 * RUN) / PACKET).toBeLessThan(6 * 31);
  });

  it('refuses what exceeds the limit before it decodes, with value, limit and remedy', async () => {
    const path = encode('limit.mp4', 600);
    const sampling = { mode: 'uniform', frames: { count: 6 } } as const;

    await expect(
      sampleFrames(requireFfmpeg(), path, sampling, 64, 100_000_000),
    ).rejects.toMatchObject({
      code: 'MEDIA_TOO_EXPENSIVE',
      publicMessage: expect.stringMatching(
        /need \d+ megapixels .* limit is 100\. Request fewer/,
      ) as string,
      details: { max_megapixels: 100 },
    });
  });

  it('decodes the frames on show at the times of a shared run', async () => {
    const path = encode('shown.mp4', 600);
    const sampling = { mode: 'uniform', frames: { count: 6 } } as const;
    const { frames } = await sampleFrames(requireFfmpeg(), path, sampling, 64);
    const times: number[] = [];
    for await (const { timestampSeconds } of frames) times.push(timestampSeconds);

    expect(times).toEqual(TIMES);
  });
});
