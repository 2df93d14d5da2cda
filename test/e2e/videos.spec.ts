import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { describeWithFfmpeg, encodeFrames, flatFrame } from '../videos/ffmpeg-videos.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { parseWebVtt } from '../http/parse-webvtt.js';
import { poll } from '../setup/poll.js';
import { expectProblem, postForm, type Service, startService } from './service.js';
import { openStream } from './open-stream.js';

jest.setTimeout(300_000);

/** A video with three shots of two seconds: red, green, blue. */
const SHOTS = [flatFrame(200, 30, 30), flatFrame(30, 200, 30), flatFrame(30, 30, 200)];

describeWithFfmpeg('videos over HTTP', () => {
  let temporary: string;
  let service: Service;
  let video: string;
  let clip: Buffer;

  beforeAll(async () => {
    const folder = createTemporaryFolder();
    const frames = SHOTS.flatMap((frame) => Array<Uint8Array>(20).fill(frame));
    encodeFrames(folder.path('clip.mp4'), frames);
    clip = readFileSync(folder.path('clip.mp4'));
    folder.remove();
    temporary = await mkdtemp(join(tmpdir(), 'salamandra-e2e-'));
    service = await startService({ TMPDIR: temporary });
    await service.waitUntilReady();
    video = `${service.url}/v1/videos/captions`;
  });

  afterAll(async () => {
    expect(await service.stop()).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
    await rm(temporary, { recursive: true });
  });

  const postClip = (url: string, ...fields: (readonly [string, string])[]) =>
    postForm(url, [['file', clip], ['max_tokens', '8'], ['num_frames', '4'], ...fields]);

  it('can be captioned and asked about, whole or in a range', async () => {
    const caption = await postClip(`${service.url}/v1/captions`, ['start', '2'], ['end', '4']);
    const answer = await postClip(`${service.url}/v1/answers`, ['question', 'What moves?']);

    expect(caption.status).toBe(200);
    expect(caption.body.media).toMatchObject({
      kind: 'video',
      width: 64,
      height: 48,
      duration_seconds: 6,
    });
    const { frames } = caption.body.media as unknown as { frames: number[] };
    expect(frames).toHaveLength(4);
    for (const second of frames) {
      expect(second).toBeGreaterThanOrEqual(2);
      expect(second).toBeLessThan(4);
    }
    expect(answer.body.media).toMatchObject([{ kind: 'video', frames_requested: 4 }]);
  });

  it('can be captioned shot by shot as a WebVTT track', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(clip)]), 'clip.mp4');
    form.set('granularity', 'shot');
    form.set('languages', 'ca');
    form.set('num_frames', '2');
    const headers = { Accept: 'text/vtt' };
    const reply = await fetch(video, { method: 'POST', headers, body: form });

    expect(reply.headers.get('Content-Type')).toBe('text/vtt; charset=utf-8');
    const { header, cues } = parseWebVtt(await reply.text());
    expect(header).toEqual({ Kind: 'descriptions', Language: 'ca' });
    expect(cues.map(({ startSeconds }) => Math.round(startSeconds))).toEqual([0, 2, 4]);
    expect(cues.at(-1)?.endSeconds).toBe(6);
  });

  it('can be captioned at fixed intervals, one segment event after another', async () => {
    const stream = await openStream(video, {
      media: { base64: clip.toString('base64') },
      granularity: 'interval',
      interval_seconds: 4,
      num_frames: 2,
      max_tokens: 8,
    });
    await stream.ended();

    const segments = stream.events().filter(({ event }) => event === 'segment');
    expect(segments.map(({ data }) => data)).toMatchObject([
      { start: 0, end: 4 },
      { start: 4, end: 6 },
    ]);
    expect(stream.events().at(-1)?.event).toBe('done');
  });

  it('are rejected if the range is beyond the end or the file is no video', async () => {
    expectProblem(await postClip(video, ['start', '6']), 422, 'NO_DECODABLE_FRAME');
    const beyond = await postClip(`${service.url}/v1/captions`, ['start', '7']);
    expectProblem(beyond, 422, 'NO_DECODABLE_FRAME');
    const cut = await postForm(video, [['file', clip.subarray(0, 2_000)]]);
    expectProblem(cut, 422, 'MEDIA_CORRUPT');
    const playlist = await postForm(video, [['file', Buffer.from('#EXTM3U\nfile:///etc/passwd')]]);
    expectProblem(playlist, 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  it('leave no file behind', async () => {
    await poll(() => {
      const files = readdirSync(temporary, { recursive: true, withFileTypes: true });
      return files.every((entry) => !entry.isFile() || entry.name === 'lock') || undefined;
    });
  });
});
