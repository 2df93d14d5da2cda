import { jest } from '@jest/globals';

import { drawImage } from './draw-image.js';
import { expectProblem, postForm, type Service, startService } from './service.js';

jest.setTimeout(300_000);

let service: Service;
let captions: string;
let picture: Buffer;

beforeAll(async () => {
  service = await startService();
  await service.waitUntilReady();
  captions = `${service.url}/v1/captions`;
  picture = await drawImage(320, 200);
});

afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

describe('files that are not valid images', () => {
  const cases: [string, () => Uint8Array | Promise<Uint8Array>, number, string][] = [
    ['empty', () => Buffer.alloc(0), 422, 'MEDIA_EMPTY'],
    ['truncated', () => picture.subarray(0, picture.length / 2), 422, 'MEDIA_CORRUPT'],
    ['text', () => Buffer.from('not a picture'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['HTML', () => Buffer.from('<!doctype html><p>x'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'SVG',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['101 megapixels', () => drawImage(10_100, 10_000), 422, 'MEDIA_TOO_LARGE'],
    ['101 MB', () => Buffer.concat([picture, Buffer.alloc(101_000_000)]), 413, 'PAYLOAD_TOO_LARGE'],
  ];

  it.each(cases)('%s', async (_, makeFile, status, code) => {
    expectProblem(await postForm(captions, [['file', await makeFile()]]), status, code);

    const next = await postForm(captions, [
      ['file', picture],
      ['max_tokens', '1'],
    ]);
    expect(next.status).toBe(200);
  });
});

describe('many requests at once', () => {
  it('answers each request about its own image', async () => {
    const sizes = [60, 90, 120, 150];
    const replies = await Promise.all(
      sizes.map(async (size) =>
        postForm(captions, [
          ['file', await drawImage(size, size)],
          ['max_tokens', '2'],
        ]),
      ),
    );

    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(replies.map(({ body }) => body.media.width)).toEqual(sizes);
  });

  it('rejects requests beyond the queue limit at once and answers the others', async () => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, () =>
        postForm(captions, [
          ['file', picture],
          ['max_tokens', '2'],
        ]),
      ),
    );

    const refused = replies.filter(({ status }) => status !== 200);
    expect(replies.length - refused.length).toBeGreaterThanOrEqual(24);
    expect(refused.length).toBeGreaterThan(0);
    for (const reply of refused) {
      expectProblem(reply, 503, 'QUEUE_FULL');
      expect(reply.headers.get('Retry-After')).toMatch(/^\d+$/);
    }
  });
});
