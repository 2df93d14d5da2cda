import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import request, { type Response } from 'supertest';
import { fromBuffer } from 'yauzl';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createFakeInspector } from '../../../test/fakes/fake-inspector.js';
import {
  damaged,
  names,
  outcomeOf,
  request as jobRequest,
  work,
} from '../../../test/jobs/job-fixture.js';
import type { JobDatabase } from '../../jobs/database/job-database.js';
import { openJobDatabase } from '../../jobs/database/open-database.js';
import { createJob } from '../../jobs/jobs.js';
import { createApp } from '../server.js';
import { NO_JOBS } from './job-service.js';

describe('GET /v1/jobs/:id/export', () => {
  let folder: string;
  let database: JobDatabase;
  let app: NestExpressApplication;
  let id: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'salamandra-export-spec-'));
    await mkdir(join(folder, 'photos'));
    database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
    app = await createApp(createFakeEngine(), {
      videoInspector: createFakeInspector(),
      jobs: { ...NO_JOBS, roots: [folder], database: () => database },
    });
    await app.init();
    ({ id } = await createJob(database, jobRequest()));
  });

  afterEach(async () => {
    await app.close();
    await database.close();
    await rm(folder, { recursive: true });
  });

  const get = (query: string) => request(app.getHttpServer()).get(`/v1/jobs/${id}/export?${query}`);

  async function finish(count: number, text?: string): Promise<void> {
    await work(database, { entries: names(count), process: (claim) => outcomeOf(claim, text) });
  }

  it('sends a file with its name, type and texts', async () => {
    await finish(3);

    const response = await get('format=csv&bom=true').expect(200);

    expect(response.headers['content-disposition']).toBe('attachment; filename=photos-csv.csv');
    expect(response.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(response.text.startsWith('\ufeffidentifier,language,kind')).toBe(true);
    expect(response.text).toContain('n2,ca,caption,,,text of n2,unreviewed,');
  });

  it('exports failures as JSON lines, and only what was reviewed if asked', async () => {
    const process = (claim: Parameters<typeof outcomeOf>[0]) => {
      if (claim.identifier === 'n1') throw damaged();
      return outcomeOf(claim);
    };
    await work(database, { entries: names(3), process });

    const all = await get('format=jsonl').expect(200);
    const failed = await get('format=jsonl&state=failed').expect(200);
    const reviewed = await get('format=jsonl&review=reviewed').expect(200);

    const lines = all.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      {
        identifier: 'n0',
        texts: [
          {
            machine_generated: true,
            model: 'demo',
            revision: expect.stringMatching(/^v0-/) as string,
          },
        ],
      },
      { identifier: 'n1', state: 'failed', error: { code: 'MEDIA_CORRUPT' }, texts: [] },
      { identifier: 'n2' },
    ]);
    expect(failed.text.trimEnd().split('\n')).toHaveLength(1);
    expect(reviewed.text).toBe('');
  });

  it('sends an archive of several files', async () => {
    await work(database, {
      entries: names(2),
      process: (claim) => ({ ...outcomeOf(claim), fingerprint: claim.identifier }),
    });
    await database.db
      .updateTable('item')
      .set({ location: JSON.stringify({ kind: 'url', url: 'https://x.example/a.jpg' }) })
      .where('identifier', '=', 'n0')
      .execute();

    const response = await get('format=xmp').buffer().parse(toBuffer).expect(200);

    expect(response.headers['content-type']).toBe('application/zip');
    expect(response.headers['content-disposition']).toContain('photos-xmp.zip');
    const entries = await unzip(response.body as Buffer);
    expect([...entries.keys()]).toEqual([
      expect.stringMatching(/^x\.example\/a-.*\.jpg\.xmp$/),
      'omitted.jsonl',
    ]);
    expect([...entries.values()][0]).toContain('text of n0');
    expect(JSON.parse(entries.get('omitted.jsonl')!)).toMatchObject({ identifier: 'n1' });
  });

  it('rejects what the job or the request cannot have, with the remedy', async () => {
    await finish(1);

    const unknown = await get('format=docx').expect(400);
    const base = await get('format=iiif').expect(400);
    await get('format=jsonl&languages=xx').expect(400);
    await get('format=jsonl&unknown=1').expect(400);
    for (const flag of ['bom=yes', 'person=', 'changed=2', 'person=on']) {
      await get(`format=csv&${flag}`).expect(400);
    }
    await get('format=csv&bom=0&person=false').expect(200);
    await request(app.getHttpServer()).get('/v1/jobs/job_0/export?format=csv').expect(404);

    expect((unknown.body as { detail: string }).detail).toContain('format');
    expect((base.body as { detail: string }).detail).toContain('Use the format for jobs of IIIF');
    expect(base.headers['content-disposition']).toBeUndefined();
  });

  it('stops reading when the client goes away', async () => {
    await finish(600, 'x'.repeat(20_000));
    await app.listen(0);
    const { port } = app.getHttpServer().address() as AddressInfo;
    let pages = 0;
    const { db } = database;
    const counted = new Proxy(db, {
      get(target, name, receiver) {
        if (name === 'selectFrom') pages += 1;
        const value: unknown = Reflect.get(target, name, receiver);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    database = { ...database, db: counted };

    await new Promise<void>((resolve, reject) => {
      httpGet({ port, path: `/v1/jobs/${id}/export?format=jsonl` }, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      }).on('error', reject);
    });
    await new Promise((resolve) => setTimeout(resolve, 300));

    const before = pages;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pages).toBe(before);
    // Three pages of 200 items with their texts would be read for all.
    expect(pages).toBeLessThan(9);
  });
});

function toBuffer(response: Response, done: (error: null, body: Buffer) => void): void {
  const stream = response as unknown as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

async function unzip(bytes: Buffer): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  await new Promise<void>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error) {
        reject(error);
        return;
      }
      zip.on('end', resolve);
      zip.on('error', reject);
      zip.on('entry', (entry: { readonly fileName: string }) => {
        zip.openReadStream(entry as never, (failure, stream) => {
          if (failure) {
            reject(failure);
            return;
          }
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            entries.set(entry.fileName, Buffer.concat(chunks).toString());
            zip.readEntry();
          });
        });
      });
      zip.readEntry();
    });
  });
  return entries;
}
