import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { damaged, outcomeOf, request, work } from '../../../test/jobs/job-fixture.js';
import type { JobDatabase } from '../database/job-database.js';
import { openJobDatabase } from '../database/open-database.js';
import { cancelJob, createJob, deleteJob, type JobRequest, pauseJob } from '../jobs.js';
import { settleJobs } from '../settle-jobs.js';
import { deliverDue, GIVE_UP_MS } from './deliver.js';
import { webhookState } from './outbox.js';
import { createSecret, signatureHeaders } from './signature.js';

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('webhooks', () => {
  const secret = createSecret();
  let folder: string;
  let database: JobDatabase;
  let server: Server;
  let origin: string;
  let received: Received[];
  let answer: { status: number; location?: string };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'salamandra-webhooks-spec-'));
    database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
    received = [];
    answer = { status: 204 };
    server = createServer((message, response) => {
      let body = '';
      message.on('data', (chunk: Buffer) => (body += chunk.toString()));
      message.on('end', () => {
        received.push({ headers: message.headers, body });
        if (answer.location !== undefined) response.setHeader('Location', answer.location);
        response.writeHead(answer.status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await database.close();
    await rm(folder, { recursive: true });
  });

  const create = async (more: Partial<JobRequest> = {}) =>
    await createJob(database, {
      ...request(),
      webhook: { url: `${origin}/hook`, secret },
      ...more,
    });

  const deliver = async (webhookOrigins = [origin], now = database.now) =>
    await deliverDue(
      { database: { ...database, now }, rules: { mediaUrls: 'off', webhookOrigins } },
      new AbortController().signal,
    );

  const types = () => received.map(({ body }) => (JSON.parse(body) as { type: string }).type);

  it('tells the end of a job, signed, once it has arrived', async () => {
    const { id } = await create();
    await work(database, { entries: ['n0', 'n1'], process: outcomeOf });

    expect(await deliver()).toBe(1);
    expect(await deliver()).toBe(0);

    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(JSON.parse(body)).toMatchObject({
      type: 'job.completed',
      data: { id, object: 'job', state: 'done', counts: { total: 2, done: 2 } },
    });
    expect(body).not.toContain(secret);
    const [message, seconds] = [
      String(headers['webhook-id']),
      Number(headers['webhook-timestamp']),
    ];
    expect(Math.abs(seconds - Date.now() / 1_000)).toBeLessThan(60);
    expect(headers).toMatchObject(signatureHeaders(secret, message, seconds, body));
    expect(await webhookState(database, id)).toMatchObject({ pending: 0, failed: 0 });
  });

  it('tells failure, pause, cancellation and the end of a pilot', async () => {
    await create();
    await work(database, {
      entries: ['n0'],
      process: () => {
        throw damaged();
      },
    });
    const paused = await create();
    await pauseJob(database, paused.id, 'by request');
    await cancelJob(database, paused.id);
    await settleJobs(database);
    await create({ pilot: 1 });
    await work(database, { entries: ['n0', 'n1', 'n2'], process: outcomeOf });

    await deliver();

    expect(types().sort()).toEqual(['job.cancelled', 'job.failed', 'job.paused', 'job.pilot.done']);
  });

  it('repeats the same message until it arrives', async () => {
    const { id } = await create();
    await pauseJob(database, id, 'by request');
    answer = { status: 500 };
    await deliver();
    expect(await deliver()).toBe(0);
    expect(await webhookState(database, id)).toMatchObject({
      pending: 1,
      lastError: 'The server answered with status 500.',
    });
    answer = { status: 200 };

    await deliver([origin], () => database.now() + 10_000);

    expect(received.map(({ headers }) => headers['webhook-id'])).toEqual([
      received[0]?.headers['webhook-id'],
      received[0]?.headers['webhook-id'],
    ]);
    expect(received[1]?.body).toBe(received[0]?.body);
    expect(await webhookState(database, id)).toMatchObject({ pending: 0, failed: 0 });
  });

  it('sends a message again whose sender was killed', async () => {
    const { id } = await create();
    await pauseJob(database, id, 'by request');
    await database.db
      .updateTable('delivery')
      .set({ attempts: 1, next_at: database.now() + 60_000 })
      .execute();

    expect(await deliver()).toBe(0);
    expect(await deliver([origin], () => database.now() + 61_000)).toBe(1);
  });

  it.each([
    ['after a day', 503, GIVE_UP_MS + 1_000],
    ['that is gone', 410, 0],
  ])('gives up a receiver %s', async (_, status, laterMs) => {
    const { id } = await create();
    await pauseJob(database, id, 'by request');
    answer = { status };

    await deliver([origin], () => database.now() + laterMs);

    expect(await webhookState(database, id)).toMatchObject({
      pending: 0,
      failed: 1,
      lastError: `The server answered with status ${status}.`,
    });
  });

  it('follows no redirect, and sends nothing to a private address that is not allowed', async () => {
    const { id } = await create();
    await pauseJob(database, id, 'by request');
    answer = { status: 302, location: '/other' };
    await deliver();
    await deliver([], () => database.now() + 10_000);

    expect(received).toHaveLength(1);
    expect(await webhookState(database, id)).toMatchObject({
      pending: 1,
      lastError: 'The server did not answer, or the operator does not allow its address.',
    });
  });

  it('removes the messages with their job', async () => {
    const { id } = await create();
    await pauseJob(database, id, 'by request');

    await deleteJob(database, id);

    expect(await deliver()).toBe(0);
    expect(await database.db.selectFrom('webhook').selectAll().execute()).toEqual([]);
  });
});
