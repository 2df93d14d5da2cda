import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  describeWithFfmpeg,
  encodeFrames,
  numberedFrames,
  patchFile,
  requireFfmpeg,
} from '../../test/videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { linkExternalFile, writeAviWithSubtitles } from '../../test/videos/hostile-videos.js';
import { sampleTimestamps as outcome } from '../../test/videos/sample-timestamps.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { decodeFrames } from './decode-frames.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function encode(name: string): string {
  const path = folder.path(name);
  encodeFrames(path, numberedFrames(20));
  return path;
}

function write(name: string, content: string): string {
  const path = folder.path(name);
  writeFileSync(path, content);
  return path;
}

describeWithFfmpeg('sampleFrames of a file that references another', () => {
  let canary: Server;
  let hits = 0;
  let address: string;
  beforeAll(async () => {
    canary = createServer((_, response) => response.end(String((hits += 1))));
    canary.on('connection', () => (hits += 1));
    await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`;
  });
  afterAll(() => canary.close());
  afterEach(() => expect(hits).toBe(0));

  function playlists(): [string, string][] {
    const secret = write('secret.ts', 'secret');
    const hls = (line: string) =>
      `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${line}\n#EXT-X-ENDLIST\n`;
    const targets = [
      `${address}/a.ts`,
      'file:///etc/passwd',
      'concat:/etc/passwd|/etc/hostname',
      `subfile,,start,0,end,9,,:${secret}`,
      'data:text/plain;base64,R0FCMg==',
      'secret.ts',
    ];
    return [
      ...targets.map((target): [string, string] => [`HLS of ${target}`, hls(target)]),
      ['DASH', `<?xml version="1.0"?><MPD><Period><BaseURL>${address}/</BaseURL></Period></MPD>`],
      ['SDP', `v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n`],
      ...['secret.ts', secret, '../secret.ts', `${address}/a.mp4`].map(
        (target): [string, string] => [
          `ffconcat of ${target}`,
          `ffconcat version 1.0\nfile '${target}'\n`,
        ],
      ),
      ['subtitles', '1\n00:00:00,000 --> 00:00:01,000\nHola\n'],
      ['styled subtitles', '[Script Info]\nScriptType: v4.00+\n\n[Events]\nDialogue: x\n'],
    ];
  }

  it.each(['mp4', 'avi', 'm3u8', 'ts'])(
    'rejects playlists and texts named .%s',
    async (extension) => {
      for (const [, text] of playlists()) {
        expect(await outcome(write(`list.${extension}`, text))).toBe('UNSUPPORTED_MEDIA_TYPE');
      }
    },
  );

  it.each(['mov', 'avi', 'mpegts'] as const)(
    'gets no further in ffmpeg itself, read as %s',
    async (container) => {
      for (const [, text] of playlists().slice(0, 9)) {
        const part = {
          ...{ path: write('list.mp4', text), container, stream: 'V:0' },
          ...{ offsetSeconds: 0, startSeconds: 0, durationSeconds: Infinity, keySeconds: null },
          seeking: 'indexed',
          hdr: null,
          sourceFilters: [],
          squareFilter: null,
        } as const;
        const reading = decodeFrames(requireFfmpeg(), part, { seekSeconds: 0, frames: 'all' });
        const count = await countFrames(reading);
        expect(count).toBe(0);
      }
    },
  );

  it('does not follow a playlist inside subtitles', async () => {
    const path = folder.path('gab2.avi');
    const playlist = `#EXTM3U\n#EXTINF:1,\n${address}/gab2.ts\n`;
    writeAviWithSubtitles(path, playlist);

    expect(await outcome(path)).toEqual(
      expect.stringMatching(/^(?:MEDIA_CORRUPT|NO_DECODABLE_FRAME)$/),
    );
  });

  it.each(['/etc/passwd', 'secret.mp4'])(
    'does not follow a track into another file: %s',
    async (target) => {
      write('secret.mp4', 'secret');
      const path = folder.path('linked.mp4');
      patchFile(encode('unlinked.mp4'), path, (bytes) => linkExternalFile(bytes, target));

      expect(await outcome(path)).toEqual(
        expect.stringMatching(/^(?:MEDIA_CORRUPT|NO_DECODABLE_FRAME)$/),
      );
    },
  );
});

/** All frames, until the end or an error. */
async function countFrames(frames: AsyncIterable<unknown>): Promise<number> {
  const iterator = frames[Symbol.asyncIterator]();
  let count = 0;
  try {
    while (!(await iterator.next()).done) count += 1;
  } catch (error) {
    if (!(error instanceof SalamandraError)) throw error;
  }
  return count;
}
