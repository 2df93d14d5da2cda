import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import sharp from 'sharp';
import request from 'supertest';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector, type FakeInspector } from '../../../test/fakes/fake-inspector.js';
import { request as jobRequest, work, outcomeOf } from '../../../test/jobs/job-fixture.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { openJobDatabase } from '../../jobs/database/open-database.js';
import { createJob } from '../../jobs/jobs.js';
import { openSourceItem } from '../../jobs/sources/open-item.js';
import type { ListedEntry } from '../../jobs/sources/source.js';
import { ThumbnailStore } from '../../review/thumbnail-store.js';
import { NO_JOBS } from '../jobs/job-service.js';
import { createApp } from '../server.js';

let folder: string;
let photos: string;
let database: JobDatabase;
let inspector: FakeInspector;
let drawn: number;
let app: NestExpressApplication;
let items: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-media-spec-'));
  photos = join(folder, 'photos');
  await mkdir(photos);
  database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  inspector = createFakeInspector();
  drawn = 0;
  const { drawThumbnail } = inspector;
  inspector.drawThumbnail = async (source, options) => {
    drawn++;
    return await drawThumbnail(source, options);
  };
  app = await createApp(createFakeEngine(), {
    videoInspector: inspector,
    jobs: {
      ...NO_JOBS,
      database: () => database,
      openItem: (location, signal) =>
        openSourceItem(location, {
          policy: null,
          uploadFolder: folder,
          temporaryFolder: () => Promise.resolve(folder),
          signal,
        }),
      thumbnails: new ThumbnailStore(join(folder, 'thumbnails')),
    },
  });
  await app.init();
  const pixels = { width: 8, height: 6, channels: 3, background: 'red' } as const;
  await sharp({ create: pixels }).png().toFile(join(photos, 'a.png'));
  await sharp({ create: pixels }).tiff().toFile(join(photos, 'b.tif'));
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(photos, 'c.png'));
  const source = { kind: 'folder', path: photos } as const;
  const { id } = await createJob(database, { ...jobRequest(), source });
  await work(database, { listSource, process: outcomeOf });
  const rows = await database.db.selectFrom('item').select('id').orderBy('id').execute();
  items = `/v1/jobs/${id}/items/`;
  ids = rows.map((row) => row.id);
});

let ids: number[];

async function* listSource(): AsyncGenerator<ListedEntry> {
  await Promise.resolve();
  for (const name of ['a.png', 'b.tif', 'c.png']) {
    const location = { kind: 'file', path: join(photos, name) } as const;
    yield { item: { identifier: name, location, record: {} }, cursor: name };
  }
}

afterEach(async () => {
  await app.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const get = (index: number, rest: string) =>
  request(app.getHttpServer()).get(`${items}${ids[index]}/${rest}`);

it('draws a thumbnail once, and answers 304', async () => {
  const first = await get(0, 'thumbnail').expect(200);
  const second = await get(0, 'thumbnail').expect(200);
  const { etag = '' } = first.headers as { etag?: string };
  await get(0, 'thumbnail').set('If-None-Match', etag).expect(304);

  expect(first.headers).toMatchObject({
    'content-type': 'image/webp',
    'cache-control': 'private, max-age=86400',
    'content-security-policy': "default-src 'none'; sandbox",
  });
  expect(second.body).toEqual(Buffer.from('a thumbnail'));
  expect(drawn).toBe(1);
  await get(0, 'thumbnail?size=640').expect(200);
  expect(drawn).toBe(2);
  await get(0, 'thumbnail?size=9999').expect(400);
});

it('draws a file that changed again', async () => {
  await get(0, 'thumbnail').expect(200);
  await rename(join(photos, 'b.tif'), join(photos, 'a.png'));
  await get(0, 'thumbnail').expect(200);
  expect(drawn).toBe(2);
});

it('sends originals with ranges, and previews of what browsers do not show', async () => {
  const whole = await get(0, 'media').buffer(true).expect(200);
  const bytes = whole.body as Buffer;
  const part = await get(0, 'media').set('Range', 'bytes=1-3').expect(206);
  expect((part.body as Buffer).toString()).toBe('PNG');
  expect(part.headers['content-range']).toBe(`bytes 1-3/${bytes.length}`);
  expect(whole.headers['content-type']).toBe('image/png');
  const refused = await get(1, 'media').expect(415);
  expect((refused.body as { detail: string }).detail).toMatch('preview=1');
  const preview = await get(1, 'media?preview=1').expect(200);
  expect(preview.headers['content-type']).toBe('image/webp');
});

it('sends no file outside the source', async () => {
  for (const rest of ['media', 'media?preview=1', 'thumbnail']) {
    const refused = await get(2, rest).expect(403);
    expect(refused.text).not.toContain('secret');
    expect(refused.headers).not.toHaveProperty('cache-control');
  }
});
