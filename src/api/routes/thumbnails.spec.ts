import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import sharp from 'sharp';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector, type FakeInspector } from '../../../test/fakes/fake-inspector.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { THUMBNAIL_SIDE_PIXELS } from '../../config/limits.js';
import { drawImageThumbnail } from '../../workers/draw-thumbnail.js';
import { createApp } from '../server.js';

let inspector: FakeInspector;
let app: NestExpressApplication;

beforeEach(async () => {
  inspector = createFakeInspector();
  app = await createApp(createFakeEngine(), { videoInspector: inspector });
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const post = () => request(app.getHttpServer()).post('/v1/thumbnails');

describe('POST /v1/thumbnails', () => {
  it('sends the thumbnail of the inspector as WebP', async () => {
    const reply = await post().attach('file', Buffer.from('any bytes'), 'a.tif');

    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('image/webp');
    expect((reply.body as Buffer).toString()).toBe('a thumbnail');
  });

  it('sends the error of the decoder, and refuses a request without a file', async () => {
    inspector.thumbnail = new SalamandraError('MEDIA_CORRUPT', 'The TIFF file is damaged.');
    const damaged = await post().attach('file', Buffer.from('any bytes'), 'a.tif');
    expect(damaged.body).toMatchObject({ code: 'MEDIA_CORRUPT' });

    expect((await post().send({})).body).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

it.each([
  [2_000, 1_000, THUMBNAIL_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS / 2],
  [3_000, 4_000, (THUMBNAIL_SIDE_PIXELS * 3) / 4, THUMBNAIL_SIDE_PIXELS],
  [30, 20, 30, 20],
])('draws an image of %d x %d with %d x %d pixels', async (width, height, toWidth, toHeight) => {
  const bytes = await sharp({
    create: { width, height, channels: 3, background: { r: 200, g: 40, b: 90 } },
  })
    .tiff({ compression: 'lzw' })
    .toBuffer();
  const thumbnail = await drawImageThumbnail({
    ...{ file: { bytes }, page: undefined, maxPixels: 100_000_000 },
    sidePixels: THUMBNAIL_SIDE_PIXELS,
  });
  const { data, info } = await sharp(thumbnail).raw().toBuffer({ resolveWithObject: true });

  expect([info.width, info.height]).toEqual([toWidth, toHeight]);
  const errors = [200, 40, 90].map((value, at) => Math.abs(value - (data[at] ?? 0)));
  expect(Math.max(...errors)).toBeLessThanOrEqual(3);
});
