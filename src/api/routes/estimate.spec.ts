import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, FAKE_MODEL, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector, type FakeInspector } from '../../../test/fakes/fake-inspector.js';
import { tinyVideo } from '../../../test/videos/tiny-video.js';
import type { Calibration } from '../../measure/doctor/calibration.js';
import { createApp } from '../server.js';

/** 2 ms and 100 ms a megapixel to cut, 10 ms a tile, 1 ms a token read; 4 ms a token written, 5 ms two of two texts. */
const CALIBRATION: Calibration = {
  processor: 'test',
  threads: 2,
  model: { id: 'fake', revision: FAKE_MODEL.revision, precision: 'int8' },
  measuredAt: '2026-01-01T00:00:00.000Z',
  loadMs: 100,
  speed: {
    vision: {
      tiling: { fixed: 2, linear: 100, square: 0 },
      encoding: { fixed: 0, linear: 10, square: 0 },
    },
    prefill: { fixed: 0, linear: 1, square: 0 },
    step: { fixed: 4, linear: 0, square: 0 },
    extraSequenceShare: 0.25,
  },
  peak: { bytes: 300_000_000, positions: 1024 },
};

let engine: FakeEngine;
let inspector: FakeInspector;
let calibration: Calibration | undefined;
let app: NestExpressApplication;

beforeEach(async () => {
  engine = createFakeEngine();
  inspector = createFakeInspector();
  calibration = CALIBRATION;
  app = await createApp(engine, {
    videoInspector: inspector,
    findCalibration: () => Promise.resolve(calibration),
  });
  await app.init();
});

afterEach(() => app.close());

const post = () => request(app.getHttpServer()).post('/v1/estimate');

describe('POST /v1/estimate', () => {
  it('estimates an image by its size', async () => {
    const reply = await post().send({
      media: { width: 300, height: 200 },
      languages: ['ca', 'es'],
      max_tokens: 100,
    });

    expect(reply.status).toBe(200);
    // Base tile 49; four tiles of 7 x 7 patches, cut to 9 rows of 14 and a newline each.
    expect(reply.body).toEqual({
      model: 'fake',
      media: [
        {
          ...{ kind: 'image', width: 300, height: 200 },
          ...{ tiles: 5, grid: { rows: 2, columns: 2 }, visual_tokens: 199 },
        },
      ],
      ...{ tiles: 5, visual_tokens: 199, prompt_tokens: 223, max_tokens: 100, texts: 2 },
      ...{ context_length: 1024, fits_context: true },
      // 0.06 megapixels; 5 tiles; 223 tokens and the 24 of the second instruction; 200 tokens written, two at a time.
      seconds: 0.81,
      timings: { tile_ms: 8, encode_ms: 50, prefill_ms: 247, decode_ms: 500 },
      memory_mb: 300,
      hint: null,
    });
    expect(engine.requests).toEqual([]);
  });

  it('hints at salamandra doctor if the model was not measured', async () => {
    calibration = undefined;
    const reply = await post().send({ media: { width: 98, height: 98 }, detail: 'low' });

    expect(reply.body).toMatchObject({
      ...{ tiles: 1, visual_tokens: 50, seconds: null, timings: null },
      // An empty process, 9 MB of weights and a cache for 202 positions.
      memory_mb: 130,
      hint: expect.stringContaining('salamandra doctor') as string,
    });
  });

  it('estimates a video by its length, with the frames that fit the context', async () => {
    const reply = await post().send({ media: { duration_seconds: 60 }, fps: 1, max_tokens: 500 });

    // 500 positions are left: a newline and 31 frames of 16 tokens.
    expect(reply.body).toMatchObject({
      media: [{ kind: 'video', frames: 31, frames_requested: 60, visual_tokens: 497 }],
      tiles: 31,
      fits_context: true,
    });
  });

  it('counts one frame for a video of unknown length', async () => {
    inspector.metadata = { ...inspector.metadata, durationSeconds: null };
    const reply = await post().attach('file', tinyVideo(), 'b.mp4').field('fps', '2');

    expect(reply.body).toMatchObject({
      media: [{ kind: 'video', frames: 1, frames_requested: 1, visual_tokens: 17 }],
    });
  });

  it('rejects a range outside the video', async () => {
    const media = { duration_seconds: 10 };
    const reply = await post().send({ media, start: 20, end: 30 });

    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({ code: 'NO_DECODABLE_FRAME' });
  });

  it('reads the sizes of files from their headers', async () => {
    const reply = await post()
      .attach('file', Buffer.from('any bytes: the inspector is a fake'), 'a.png')
      .attach('file', tinyVideo(), 'b.mp4');

    expect(reply.body).toMatchObject({
      media: [
        { kind: 'image', width: 300, height: 200, grid: { rows: 2, columns: 2 } },
        { kind: 'video', frames: 8, frames_requested: 8 },
      ],
      tiles: 13,
    });
  });

  it('reports that a request does not fit the context', async () => {
    const media = Array.from({ length: 8 }, () => ({ width: 10, height: 10 }));
    const reply = await post().send({ media, max_tokens: 700 });

    expect(reply.body).toMatchObject({ visual_tokens: 400, fits_context: false });
  });

  it.each([
    ['a width without a height', { media: { width: 10 } }],
    ['a size and the file', { media: { width: 10, height: 10, base64: 'AAAA' } }],
    ['no size at all', { media: {} }],
    ['a width of 0', { media: { width: 0, height: 10 } }],
    ['an unknown field', { media: { width: 1, height: 1 }, colour: 'red' }],
  ])('rejects %s', async (_, body) => {
    expect((await post().send(body)).status).toBe(400);
  });

  it('rejects media if the model is text-only', async () => {
    const model = { ...FAKE_MODEL, inputModalities: ['text'] as const };
    engine.nextStatus = { state: 'ready', model };
    const reply = await post().send({ media: { width: 10, height: 10 } });

    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('rejects a model without a chat template, like captions', async () => {
    engine.nextStatus = { state: 'ready', model: { ...FAKE_MODEL, prompts: 'raw' } };
    const reply = await post().send({ media: { width: 10, height: 10 } });

    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
