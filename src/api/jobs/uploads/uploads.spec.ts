import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { Upload, type UploadOptions } from 'tus-js-client';

import { createFakeEngine } from '../../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../../test/fakes/fake-inspector.js';
import { poll } from '../../../../test/setup/poll.js';
import type { JobDatabase } from '../../../jobs/database/job-database.js';
import { openJobDatabase } from '../../../jobs/database/open-database.js';
import { listItems } from '../../../jobs/items.js';
import { getJob, listSkipped } from '../../../jobs/jobs.js';
import { UploadFolder } from '../../../jobs/uploads/upload-folder.js';
import { sweepUploads } from '../../../jobs/uploads/uploads.js';
import { createApp } from '../../server.js';
import { NO_JOBS } from '../job-service.js';

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const DAY_MS = 86_400_000;

describe('uploads into a job', () => {
  let folder: string;
  let uploads: UploadFolder;
  let database: JobDatabase;
  let app: NestExpressApplication;
  let url: string;
  let jobId: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'salamandra-uploads-spec-'));
    uploads = new UploadFolder(join(folder, 'uploads'));
    await start();
    const created = await post('/v1/jobs', { source: { kind: 'uploads' }, languages: ['ca'] });
    jobId = (created.body as { id: string }).id;
  });

  afterEach(async () => {
    await stop();
    await rm(folder, { recursive: true });
  });

  /** Starts the service, on the same folder after a stop. */
  async function start(uploadBytes = 1e6): Promise<void> {
    database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
    const jobs = { ...NO_JOBS, uploads, uploadBytes, database: () => database };
    app = await createApp(createFakeEngine(), { videoInspector: createFakeInspector(), jobs });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    url = `http://127.0.0.1:${port}`;
  }

  async function stop(): Promise<void> {
    app.getHttpServer().closeAllConnections();
    await app.close();
    await database.close();
  }

  const post = (path: string, body?: object) => request(url).post(path).send(body);
  const begin = (filename: string, bytes: number) =>
    request(url)
      .post(`/v1/jobs/${jobId}/uploads`)
      .set('Tus-Resumable', '1.0.0')
      .set('Upload-Length', String(bytes))
      .set('Upload-Metadata', `filename ${Buffer.from(filename).toString('base64')}`);

  /** Sends a file with tus's own client. @returns the address of the upload. */
  async function send(
    filename: string,
    content: Buffer,
    options: Partial<UploadOptions> = {},
  ): Promise<string> {
    return await new Promise((resolve, reject) => {
      const upload = new Upload(content, {
        endpoint: `${url}/v1/jobs/${jobId}/uploads`,
        metadata: { filename },
        retryDelays: null,
        onSuccess: () => resolve(upload.url ?? ''),
        onError: reject,
        ...options,
      });
      upload.start();
    });
  }

  const identifiers = async () =>
    (await listItems(database, jobId, { limit: 100 })).map(({ identifier }) => identifier);

  const pathOf = (upload: string) => join(folder, 'uploads', jobId, upload.split('/').at(-1) ?? '');

  it('makes each finished file an item at once, and ends with /complete', async () => {
    const content = randomBytes(50_000);

    const address = await send('album/photo.jpg', content, { chunkSize: 20_000 });

    const [item] = await listItems(database, jobId, { limit: 10 });
    expect(item).toMatchObject({ identifier: 'album/photo.jpg', position: 0, state: 'queued' });
    expect(await readFile(pathOf(address))).toEqual(content);
    expect((await getJob(database, jobId)).listed_at).toBe(0);
    await send('b.jpg', content);
    const reply = await post(`/v1/jobs/${jobId}/uploads/complete`).expect(200);
    expect(reply.body).toMatchObject({ is_listed: true, counts: { total: 2, queued: 2 } });
    await post(`/v1/jobs/${jobId}/uploads/complete`).expect(200);
    await begin('c.jpg', 10).expect(400);
  });

  it('goes on at the offset after a broken connection and a restart of the service', async () => {
    const content = randomBytes(300_000);
    const { headers } = await begin('photo.jpg', content.length).expect(201);
    const path = `/v1/jobs/${jobId}/${headers['location'] as string}`;
    // A client that vanishes in the middle of the body.
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      `PATCH ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n` +
        `Content-Type: application/offset+octet-stream\r\nContent-Length: ${content.length}\r\n\r\n`,
    );
    socket.write(content.subarray(0, 100_000));
    await poll(async () => {
      const size = (await stat(pathOf(path)).catch(() => undefined))?.size;
      return size === 100_000 ? true : undefined;
    });
    socket.destroy();
    await stop();
    await start();

    const head = await request(url).head(path).set('Tus-Resumable', '1.0.0').expect(200);
    let sentBytes: number | undefined;
    await send('photo.jpg', content, {
      uploadUrl: url + path,
      onBeforeRequest: (sent) => {
        if (sent.getMethod() === 'PATCH') sentBytes = Number(sent.getHeader('Upload-Offset'));
      },
    });

    expect(head.headers['upload-offset']).toBe('100000');
    expect(sentBytes).toBe(100_000);
    expect(await identifiers()).toEqual(['photo.jpg']);
    expect(await readFile(pathOf(path))).toEqual(content);
  });

  it('makes an item of a file whose last request was killed', async () => {
    const { headers } = await begin('photo.jpg', 5).expect(201);
    const file = (headers['location'] as string).split('/').at(-1) ?? '';
    await uploads.append({ job: jobId, file }, 0, Readable.from([Buffer.from('12345')]));

    await sweepUploads({ database, folder: uploads, maxBytes: 1e6 });
    await sweepUploads({ database, folder: uploads, maxBytes: 1e6 });

    expect(await identifiers()).toEqual(['photo.jpg']);
  });

  it('judges files without a known extension by their bytes, and reports duplicates', async () => {
    await send('scan', PNG);
    const text = await send('letter', Buffer.from('Dear reader'));
    await send('scan', PNG);

    expect(await identifiers()).toEqual(['scan']);
    const skipped = await listSkipped(database, jobId, { limit: 10 });
    expect(skipped.map(({ entry, code }) => [entry, code])).toEqual([
      ['letter', 'NOT_MEDIA'],
      ['scan', 'DUPLICATE_IDENTIFIER'],
    ]);
    await expect(stat(pathOf(text))).rejects.toThrow('ENOENT');
  });

  it.each([
    ['../../etc/passwd.jpg', 400, 'INVALID_PARAMETER'],
    ['/etc/photo.jpg', 400, 'INVALID_PARAMETER'],
    ['C:\\photo.jpg', 400, 'INVALID_PARAMETER'],
    ['a//b.jpg', 400, 'INVALID_PARAMETER'],
    [`${'x'.repeat(2_100)}.jpg`, 400, 'INVALID_PARAMETER'],
    ['.hidden/a.jpg', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['photo.xmp', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('refuses the name %s', async (name, status, code) => {
    const body = (await begin(name, 10).expect(status)).body as unknown;

    expect(body).toMatchObject({ status, code });
  });

  it('keeps control characters out of identifiers', async () => {
    await send('album\\a\nb.jpg', PNG);

    expect(await identifiers()).toEqual(['album/a\\x0Ab.jpg']);
  });

  it('refuses files that are empty or too large, jobs of another kind, and a wrong offset', async () => {
    await begin('a.jpg', 0).expect(422);
    await begin('a.jpg', 2_000_000_001).expect(413);
    const { headers } = await begin('a.jpg', 10).expect(201);
    await request(url)
      .patch(`/v1/jobs/${jobId}/${headers['location'] as string}`)
      .set('Tus-Resumable', '1.0.0')
      .set('Upload-Offset', '5')
      .set('Content-Type', 'application/offset+octet-stream')
      .send('12345')
      .expect(409);
    await request(url).post(`/v1/jobs/${jobId}/uploads`).set('Upload-Length', '5').expect(412);
    jobId = 'job_unknown';
    await begin('a.jpg', 10).expect(404);
  });

  it('reserves the bytes of unfinished files, and has a limit', async () => {
    await stop();
    await start(1e6);
    await begin('a.jpg', 900_000).expect(201);

    const body = (await begin('b.jpg', 200_000).expect(507)).body as unknown;

    expect(body).toMatchObject({ code: 'STORAGE_FULL' });
    await request(url).delete(`/v1/jobs/${jobId}`).expect(204);
  });

  it('removes and reports uploads that are unfinished at the end or after a day', async () => {
    await begin('a.jpg', 10).expect(201);
    await begin('b.jpg', 10).expect(201);
    await database.db
      .updateTable('upload')
      .set({ changed_at: Date.now() - DAY_MS - 1_000 })
      .where('identifier', '=', 'a.jpg')
      .execute();

    await sweepUploads({ database, folder: uploads, maxBytes: 1e6 });
    const expired = await listSkipped(database, jobId, { limit: 10 });
    await post(`/v1/jobs/${jobId}/uploads/complete`).expect(200);
    const all = await listSkipped(database, jobId, { limit: 10 });

    expect(expired.map(({ entry }) => entry)).toEqual(['a.jpg']);
    expect(all.map(({ entry, code }) => [entry, code])).toEqual([
      ['a.jpg', 'INCOMPLETE_UPLOAD'],
      ['b.jpg', 'INCOMPLETE_UPLOAD'],
    ]);
  });

  it('removes an upload on request, and all files with their job', async () => {
    const { headers } = await begin('a.jpg', 10).expect(201);
    const address = await send('b.jpg', PNG);
    const remove = (path: string) =>
      request(url).delete(`/v1/jobs/${jobId}/${path}`).set('Tus-Resumable', '1.0.0');

    await remove(headers['location'] as string).expect(204);
    await remove(`uploads/${address.split('/').at(-1)}`).expect(400);
    await request(url).delete(`/v1/jobs/${jobId}`).expect(204);

    await expect(stat(join(folder, 'uploads', jobId))).rejects.toThrow('ENOENT');
    expect(await database.db.selectFrom('upload').selectAll().execute()).toEqual([]);
  });
});
