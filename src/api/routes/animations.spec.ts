import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';

import { createFakeEngine, type FakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../test/fakes/fake-inspector.js';
import { writeAnimation } from '../../../test/media/write-animation.js';
import { createApp } from '../server.js';

const question = 'What moves?';

let engine: FakeEngine;
let app: NestExpressApplication;
let moving: Buffer;
let still: Buffer;

beforeAll(async () => {
  const frames = [255, 128].map((red) => ({ color: [red, 0, 0], delayMs: 100 }) as const);
  moving = await writeAnimation('gif', frames);
  still = await writeAnimation('gif', frames.slice(0, 1));
});

beforeEach(async () => {
  engine = createFakeEngine();
  app = await createApp(engine, { videoInspector: createFakeInspector() });
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const post = (path: string) => request(app.getHttpServer()).post(path);
const kinds = () => engine.requests.at(-1)?.media.map(({ kind }) => kind);

async function postChat(part: object, options = {}) {
  const content = [part, { type: 'text', text: question }];
  const messages = [{ role: 'user', content }];
  await post('/v1/chat/completions').send({ model: 'fake', messages, ...options });
  return kinds();
}

describe('an animation', () => {
  it.each([
    [{}, 'image'],
    [{ num_frames: '4' }, 'video'],
    [{ fps: '2' }, 'video'],
    [{ start: '0.1' }, 'video'],
    [{ sampling: 'scene' }, 'video'],
  ])('is a clip if the request names frames: %j', async (fields, kind) => {
    await post('/v1/captions').attach('file', moving, 'a.gif').field(fields);
    expect(kinds()).toEqual([kind]);
  });

  it('is a clip on the route for videos, which refuses one frame', async () => {
    await post('/v1/videos/captions').attach('file', moving, 'a.gif').expect(200);
    expect(kinds()).toEqual(['video']);

    const refused = await post('/v1/videos/captions').attach('file', still, 'a.gif');
    expect(refused.body).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: expect.stringContaining('an animation of several frames') as string,
    });
  });

  it('leaves still images beside it as they are', async () => {
    await post('/v1/answers')
      .attach('file', still, 'a.gif')
      .attach('file', moving, 'b.gif')
      .field({ question, num_frames: '4' });
    expect(kinds()).toEqual(['image', 'video']);
  });

  it('is a clip in chat as a video, or with media options', async () => {
    const url = `data:image/gif;base64,${moving.toString('base64')}`;
    expect(await postChat({ type: 'image_url', image_url: { url } })).toEqual(['image']);
    expect(await postChat({ type: 'video_url', video_url: { url } })).toEqual(['video']);
    const options = { media_options: { num_frames: 4 } };
    expect(await postChat({ type: 'image_url', image_url: { url } }, options)).toEqual(['video']);
  });
});
