import {
  VIDEO_HEIGHT,
  VIDEO_WIDTH,
  describeWithFfmpeg,
  encodeFrames,
  MPEG4,
  numberedFrames,
  patchFile,
  requireFfmpeg,
  runEncoder,
} from '../../test/videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { sampleTimestamps as outcome } from '../../test/videos/sample-timestamps.js';
import { probeVideo } from './probe-video.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const SINE = ['-f', 'lavfi', '-i', 'sine=duration=1'];

const FILE_ERRORS = [
  ...['MEDIA_CORRUPT', 'MEDIA_TOO_LARGE', 'NO_DECODABLE_FRAME', 'NO_VIDEO_STREAM'],
  ...['UNSUPPORTED_CODEC', 'UNSUPPORTED_MEDIA_TYPE'],
];

/** Up to four frames in their order, or a code that says what is wrong with the file. */
function expectFramesOrCode(found: number[] | string): void {
  if (typeof found === 'string') {
    expect(FILE_ERRORS).toContain(found);
  } else {
    expect([1, 2, 3, 4]).toContain(found.length);
    expect(found).toEqual([...found].sort((a, b) => a - b));
  }
}

/** Twenty frames at 10 a second. */
function encode(name: string, options: readonly string[] = MPEG4): string {
  const path = folder.path(name);
  encodeFrames(path, numberedFrames(20), options);
  return path;
}

describeWithFfmpeg('sampleFrames of a file without a video stream', () => {
  it('rejects audio', async () => {
    const path = folder.path('sound.mp4');
    runEncoder([...SINE, '-c:a', 'aac', path]);

    expect(await outcome(path)).toBe('NO_VIDEO_STREAM');
  });

  it('rejects audio with cover art', async () => {
    const cover = folder.path('cover.png');
    runEncoder(['-f', 'lavfi', '-i', 'color=red:size=64x64', '-frames:v', '1', cover]);
    const path = folder.path('cover.mp4');
    const streams = ['-map', '0', '-map', '1', '-c:a', 'aac', '-c:v', 'png'];
    runEncoder([...SINE, '-i', cover, ...streams, '-disposition:v', 'attached_pic', path]);

    expect(await outcome(path)).toBe('NO_VIDEO_STREAM');
  });

  it('rejects an empty file', async () => {
    expect(await outcome(folder.write('empty.mp4', ''))).toBe('MEDIA_EMPTY');
  });

  it('rejects paths that are not regular files', async () => {
    expect(await outcome(folder.path('.'))).toBe('UNSUPPORTED_MEDIA_TYPE');
  });
});

describeWithFfmpeg('sampleFrames of a damaged file', () => {
  it('rejects an MP4 without its index', async () => {
    const path = folder.path('no-index.mp4');
    patchFile(encode('index.mp4'), path, (bytes) => bytes.subarray(0, bytes.indexOf('moov') - 4));

    expect(await outcome(path)).toBe('MEDIA_CORRUPT');
  });

  it('yields the frames before the damage', async () => {
    const path = folder.path('half.mkv');
    patchFile(encode('all.mkv', [...MPEG4, '-g', '4']), path, (bytes) =>
      bytes.subarray(0, Math.floor(bytes.length * 0.6)),
    );
    const times = await outcome(path);

    expect(times).toContain(0);
    expect(times.length).toBeLessThan(5);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'gives frames or a code for every kind of dirt: %i',
    async (seed) => {
      const path = folder.path(`dirt-${seed}.mp4`);
      patchFile(encode('clean.mp4'), path, (bytes) => {
        // A generator with a fixed seed: the same damage in every run.
        let state = seed;
        for (let i = 0; i < 30; i++) {
          state = (state * 48_271) % 2_147_483_647;
          bytes[32 + (state % (bytes.length - 32))] = state % 256;
        }
        return bytes;
      });

      expectFramesOrCode(await outcome(path));
    },
  );

  it.each(['stco', 'stsz', 'stsc', 'stsd', 'stts'])('survives a broken table: %s', async (box) => {
    const path = folder.path(`${box}.mp4`);
    patchFile(encode('table.mp4'), path, (bytes) =>
      bytes.fill(0xff, bytes.indexOf(box) + 12, bytes.indexOf(box) + 20),
    );

    expectFramesOrCode(await outcome(path));
  });
});

describeWithFfmpeg('sampleFrames of a file above the limits', () => {
  it.each([
    [15_360, 8_640],
    [65_535, 65_535],
  ])('rejects frames of %i x %i', async (width, height) => {
    const path = folder.path('large.avi');
    patchFile(encode('small.avi', ['-c:v', 'mjpeg']), path, (bytes) =>
      resizeAvi(bytes, width, height),
    );

    expect(await outcome(path)).toBe('MEDIA_TOO_LARGE');
  });

  it('rejects 200 streams', async () => {
    const path = folder.path('streams.mkv');
    const maps = Array.from({ length: 200 }, () => ['-map', '0:v']).flat();
    runEncoder(['-i', encode('one.mkv'), ...maps, '-c', 'copy', path]);

    expect(await outcome(path)).toBe('MEDIA_TOO_LARGE');
  });

  it.each(['magicyuv', 'zmbv', 'snow'])(
    'rejects a codec that is not allowed: %s',
    async (codec) => {
      expect(await outcome(encode(`${codec}.avi`, ['-c:v', codec, '-strict', '-2']))).toBe(
        'UNSUPPORTED_CODEC',
      );
    },
  );

  it.each(['adpcm_ms', 'wavpack'])(
    'accepts an audio codec that is not allowed: %s',
    async (codec) => {
      const path = folder.path(`${codec}.mkv`);
      runEncoder(['-i', encode('quiet.mkv'), ...SINE, '-c:v', 'copy', '-c:a', codec, path]);

      expect(await outcome(path)).toEqual([0, 0.5, 1, 1.5]);
    },
  );

  it('accepts attachments and subtitles', async () => {
    const subtitles = folder.write('lines.srt', '1\n00:00:00,000 --> 00:00:01,000\nHola\n');
    const font = ['-attach', subtitles, '-metadata:s:t', 'mimetype=application/x-truetype-font'];
    const path = folder.path('attachments.mkv');
    runEncoder([
      '-i',
      encode('bare.mkv'),
      '-i',
      subtitles,
      ...font,
      '-c:v',
      'copy',
      '-c:s',
      'ass',
      path,
    ]);

    expect(await outcome(path)).toEqual([0, 0.5, 1, 1.5]);
  });

  it.each(['Parsed_showinfo_0', 'Parsed_showinfo_1', 'showinfo@'])(
    'does not take the name of a codec for a line of %s',
    async (filter) => {
      const [honest, path] = [folder.path('codec-name.mkv'), folder.path('forged.mkv')];
      const name = ['-metadata:s:a', `title=${'T'.repeat(300)}`];
      runEncoder([
        '-i',
        encode('image.mkv'),
        ...SINE,
        '-c:v',
        'copy',
        '-c:a',
        'mp2',
        ...name,
        honest,
      ]);
      const lines = [
        'config in time_base: 1/1, frame_rate: 10/1',
        'n:   0 pts:      9 pts_time:9 pos: 1 fmt:x sar:1/1 s:0x0 i:P iskey:1 ',
      ].map((line) => `[${filter} @ 0x1] ${line}`);
      patchFile(honest, path, (bytes) =>
        forgeCodecName(bytes, 'A_MPEG/L2', `A_X\n${lines.join('\n')}\n`),
      );

      expect(await outcome(path)).toEqual(await outcome(honest));
    },
  );

  it('does not parse tags as headers', async () => {
    const path = folder.path('tags.mkv');
    const lie = 'x\nwidth=1\nheight=1\nduration=9999\n[/STREAM]\n[STREAM]\ncodec_type=audio';
    runEncoder([
      '-i',
      encode('honest.mkv'),
      '-c',
      'copy',
      '-metadata',
      `title=${lie}`,
      '-metadata:s:v',
      `title=${lie}`,
      path,
    ]);

    const video = await probeVideo(requireFfmpeg(), path);
    expect(video).toMatchObject({ width: VIDEO_WIDTH, height: VIDEO_HEIGHT, durationSeconds: 2 });
  });
});

/**
 * Extends the codec name of a Matroska track by its track name. ffmpeg prints codec names raw, line breaks included.
 *
 * @param codec the current codec name, which follows a track name of many T
 */
function forgeCodecName(bytes: Buffer, codec: string, text: string): Buffer {
  const name = bytes.indexOf('T'.repeat(200)) - 4;
  const end = bytes.indexOf(codec, name) + codec.length;
  const forged = Buffer.alloc(end - name - 3, 'x');
  forged.write(text);
  // EBML element: id 0x86, two length bytes, the text.
  bytes.set([0x86, 0x40 | (forged.length >> 8), forged.length & 0xff], name);
  bytes.set(forged, name + 3);
  return bytes;
}

/** Changes the size in the headers of an AVI and its JPEG frames. */
function resizeAvi(bytes: Buffer, width: number, height: number): Buffer {
  const format = bytes.indexOf('strf') + 8;
  bytes.writeUInt32LE(width, format + 4);
  bytes.writeUInt32LE(height, format + 8);
  const startOfFrame = Buffer.from([0xff, 0xc0, 0, 17, 8]);
  for (let at = bytes.indexOf(startOfFrame); at !== -1; at = bytes.indexOf(startOfFrame, at + 1)) {
    bytes.writeUInt16BE(height, at + 5);
    bytes.writeUInt16BE(width, at + 7);
  }
  return bytes;
}
