import { existsSync } from 'node:fs';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import {
  createFakeEngine,
  type FakeEngine,
  SAMPLING_MODEL,
} from '../../../test/fakes/fake-engine.js';
import { createFakeInspector, type FakeInspector } from '../../../test/fakes/fake-inspector.js';
import { parseWebVtt } from '../../../test/http/parse-webvtt.js';
import { poll } from '../../../test/setup/poll.js';
import { readEvents } from '../../../test/http/read-events.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
import type { EngineRequest } from '../../engine/vision-language-engine.js';
import { type ErrorCode, SalamandraError } from '../../errors/salamandra-error.js';
import { createApp } from '../server.js';

let engine: FakeEngine;
let inspector: FakeInspector;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  inspector = createFakeInspector();
  app = await createApp(engine, { videoInspector: inspector });
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const post = (fields: Record<string, string> = {}, accept = 'application/json') =>
  request(app.getHttpServer())
    .post('/v1/videos/captions')
    .set('Accept', accept)
    .attach('file', tinyVideo(), 'clip.mp4')
    .field(fields);

const rangeOf = ({ media: [video] }: EngineRequest) =>
  video?.kind === 'video' ? video.sampling.range : undefined;

/** Lets the engine find no frame from this second on. */
function endFramesAt(second: number): void {
  const { generate } = engine;
  engine.generate = (received, signal) => {
    if ((rangeOf(received)?.startSeconds ?? 0) < second) return generate(received, signal);
    throw new SalamandraError('NO_DECODABLE_FRAME', 'There is no frame here.');
  };
}

describe('POST /v1/videos/captions', () => {
  it('is greedy although the checkpoint samples', async () => {
    engine.nextStatus = { state: 'ready', model: SAMPLING_MODEL };
    await post();

    expect(engine.requests[0]?.settings).toMatchObject({ temperature: 0, repetitionPenalty: 1.2 });
  });

  it('captions each shot in each language with a request of its own', async () => {
    const reply = await post({ granularity: 'shot', languages: 'ca,es', num_frames: '4' });

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      id: expect.stringMatching(/^vid_/) as string,
      model: 'fake',
      media: { kind: 'video', width: 30, height: 20, duration_seconds: 60, frame_rate: 25 },
      granularity: 'shot',
      segments: [
        { start: 0, end: 20, texts: { ca: 'answer 0', es: 'answer 1' }, frames: [0, 1] },
        { start: 20, end: 40, frames: [20, 21] },
        { start: 40, end: 60, frames: [40, 41] },
      ],
      usage: { prompt_tokens: 6 * 210, image_tokens: 6 * 199, completion_tokens: 18 },
      timings: { media_decode_ms: 3, decode_ms: 15 },
    });
    expect(engine.requests).toHaveLength(3);
    expect(engine.requests[1]).toMatchObject({
      media: [
        {
          kind: 'video',
          sampling: {
            mode: 'uniform',
            frames: { count: 4 },
            range: { startSeconds: 20, endSeconds: 40 },
          },
        },
      ],
      conversations: [
        [{ content: [{ type: 'video' }, { text: 'Què passa al clip? Respon en català.' }] }],
        [{ content: [{ type: 'video' }, { type: 'text' }] }],
      ],
    });
  });

  it('splits the range into intervals, and removes the video afterwards', async () => {
    const fields = { granularity: 'interval', interval_seconds: '10', start: '35.5', end: '100' };
    const reply = await post(fields);

    const { segments } = reply.body as { segments: { start: number; end: number }[] };
    expect(segments.map(({ start, end }) => [start, end])).toEqual([
      [35.5, 45.5],
      [45.5, 55.5],
      [55.5, 60],
    ]);
    const [path = ''] = inspector.paths;
    await poll(() => !existsSync(path) || undefined);
  });

  it('says which segments have no captions, and why', async () => {
    endFramesAt(40);
    const reply = await post({ granularity: 'shot' });
    const track = await post({ granularity: 'shot' }, 'text/vtt');
    const stream = await post({ granularity: 'shot' }, 'text/event-stream');

    expect(reply.body).toMatchObject({
      segments: [{ start: 0 }, { start: 20 }],
      missing: [{ start: 40, end: 60, code: 'NO_DECODABLE_FRAME', retryable: false }],
    });
    expect(track.text).toContain(
      'NOTE Without a caption (NO_DECODABLE_FRAME): 00:00:40.000 to 00:01:00.000',
    );
    expect(readEvents(stream.text).filter(({ event }) => event === 'missing')).toMatchObject([
      { data: { start: 40, end: 60 } },
    ]);
  });

  it('fails if no segment has a frame', async () => {
    endFramesAt(0);
    const reply = await post({ granularity: 'shot' });

    expect(reply.body).toMatchObject({ status: 422, code: 'NO_DECODABLE_FRAME' });
  });

  it('sends a WebVTT track in one language', async () => {
    const fields = { granularity: 'shot', languages: 'es,ca', language: 'ca-ES' };
    const reply = await post(fields, 'text/vtt');

    expect(reply.headers['content-type']).toBe('text/vtt; charset=utf-8');
    expect(parseWebVtt(reply.text)).toEqual({
      header: { Kind: 'descriptions', Language: 'ca' },
      cues: [0, 20, 40].map((startSeconds) => ({
        startSeconds,
        endSeconds: startSeconds + 20,
        text: 'answer 0',
      })),
    });
    // The other language is not worth the model's time.
    expect(engine.requests[0]?.conversations).toHaveLength(1);
  });

  it('streams segment after segment', async () => {
    const reply = await post({ granularity: 'shot', max_shots: '2', stream: 'true' });

    const events = readEvents(reply.text);
    expect(events.map(({ event }) => event)).toEqual([
      ...['media', 'text-delta', 'text-delta', 'segment', 'text-delta', 'text-delta', 'segment'],
      ...['usage', 'done'],
    ]);
    expect(events[0]?.data).toMatchObject({ granularity: 'shot', media: { duration_seconds: 60 } });
    expect(events[4]?.data).toEqual({ start: 20, language: 'en', text: 'answer ' });
    expect(events[6]?.data).toMatchObject({ start: 20, end: 40, texts: { en: 'answer 0' } });
    expect(events[7]?.data).toMatchObject({ completion_tokens: 6 });
  });

  /** Fails the request with these numbers, in the order in which the engine gets them. */
  function failRequests(code: ErrorCode, numbers: readonly number[]): void {
    const { generate } = engine;
    let received = 0;
    engine.generate = async function* (request, signal) {
      received += 1;
      if (!numbers.includes(received)) {
        yield* generate(request, signal);
        return;
      }
      yield { type: 'text-delta', conversation: 0, text: 'lost ', tokens: [] };
      throw new SalamandraError(code, 'Lost.');
    };
  }

  it.each(['MODEL_NOT_READY', 'SERVER_UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const)(
    'tries a segment again after %s, and takes its text back',
    async (code) => {
      failRequests(code, [2]);
      const reply = await post({ granularity: 'shot' }, 'text/event-stream');

      const events = readEvents(reply.text);
      const afterLoss = events.findIndex(({ event }) => event === 'restart');
      expect(events[afterLoss]?.data).toEqual({ start: 20 });
      expect(events[afterLoss - 1]?.data).toMatchObject({ start: 20, text: 'lost ' });
      const segments = events.filter(({ event }) => event === 'segment');
      expect(segments.map(({ data }) => data)).toMatchObject([
        { start: 0, texts: { en: 'answer 0' } },
        { start: 20, texts: { en: 'answer 0' } },
        { start: 40, texts: { en: 'answer 0' } },
      ]);
      expect(events.at(-1)?.event).toBe('done');
    },
  );

  it('marks a segment that is lost too often, and keeps the others', async () => {
    failRequests('MODEL_NOT_READY', [2, 3, 4]);
    const reply = await post({ granularity: 'shot' });

    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({
      segments: [{ start: 0 }, { start: 40 }],
      missing: [{ start: 20, end: 40, code: 'MODEL_NOT_READY', detail: 'Lost.', retryable: true }],
    });
  });

  it('marks all segments after the model is gone', async () => {
    failRequests('MODEL_LOAD_FAILED', [2]);
    const reply = await post({ granularity: 'shot' });

    expect(reply.body).toMatchObject({
      segments: [{ start: 0 }],
      missing: [20, 40].map((start) => ({ start, code: 'MODEL_LOAD_FAILED' })),
    });
    expect(engine.requests).toHaveLength(1);
  });

  it('fails at the first segment if the request is at fault', async () => {
    failRequests('CONTEXT_LENGTH_EXCEEDED', [1]);
    const reply = await post({ granularity: 'shot' });

    expect(reply.body).toMatchObject({ status: 400, code: 'CONTEXT_LENGTH_EXCEEDED' });
  });

  it.each([
    ['a start beyond the end', { start: '60' }, 422, 'NO_DECODABLE_FRAME'],
    ['an end before the start', { start: '9', end: '9' }, 400, 'INVALID_PARAMETER'],
    ['both fps and num_frames', { fps: '1', num_frames: '4' }, 400, 'INVALID_REQUEST'],
    ['65 frames', { num_frames: '65' }, 400, 'INVALID_PARAMETER'],
    ['an unknown granularity', { granularity: 'scene' }, 400, 'INVALID_PARAMETER'],
    ['an interval of 0 s', { interval_seconds: '0' }, 400, 'INVALID_PARAMETER'],
    ['the image field detail', { detail: 'low' }, 400, 'UNKNOWN_FIELD'],
    ['a non-boolean stream', { stream: 'yes' }, 400, 'INVALID_PARAMETER'],
  ])('rejects %s', async (_, fields, status, code) => {
    const reply = await post(fields);

    expect([reply.status, (reply.body as { code: string }).code]).toEqual([status, code]);
  });

  it('limits the tokens of a JSON response, but not of a stream', async () => {
    inspector.metadata = { ...inspector.metadata, durationSeconds: 1_000 };
    const languages = 'bg,ca,cs,cy,da,de,el,en';
    const fields = {
      granularity: 'interval',
      interval_seconds: '1',
      max_tokens: '4096',
      languages,
    };
    const reply = await post(fields);

    expect(reply.body).toMatchObject({ status: 400, code: 'INVALID_PARAMETER' });
    expect(engine.requests).toHaveLength(0);
    const stream = await post(fields, 'text/event-stream');
    expect(stream.status).toBe(200);
    expect(readEvents(stream.text).filter(({ event }) => event === 'segment')).toHaveLength(1_000);
  });

  it('rejects images', async () => {
    const image = Buffer.from('\xff\xd8\xff', 'latin1');
    const reply = await request(app.getHttpServer())
      .post('/v1/videos/captions')
      .attach('file', image, 'clip.mp4');

    expect(reply.body).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it('stops when the client disconnects between segments', async () => {
    let isEnded = false;
    engine.generate = async function* (_request, signal) {
      try {
        await new Promise((_, reject) => signal?.addEventListener('abort', reject));
        yield* [];
      } finally {
        isEnded = true;
      }
    };
    const call = post({ stream: 'true' });
    call.catch(() => undefined);
    call.end(() => undefined);
    const path = await poll(() => inspector.paths[0]);
    expect(existsSync(path)).toBe(true);
    call.abort();

    await poll(() => isEnded || undefined);
    await poll(() => !existsSync(path) || undefined);
  });
});
