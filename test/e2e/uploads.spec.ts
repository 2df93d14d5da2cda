import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { poll } from '../setup/poll.js';
import { readLines, run } from './run-cli.js';
import { type Service, startService } from './service.js';

const PROJECT = join(import.meta.dirname, '../..');

let home: string;
let env: Record<string, string>;
let service: Service;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'salamandra-uploads-e2e-'));
  // The demo model is converted once for all tests.
  const packages = join(PROJECT, '.salamandra/packages');
  await mkdir(packages, { recursive: true });
  await symlink(packages, join(home, 'packages'));
  env = { SALAMANDRA_HOME: home, SALAMANDRA_MODEL: 'demo' };
});

afterEach(async () => {
  await service.stop();
  await rm(home, { recursive: true, force: true });
});

/** Sends the headers of a request of tus; the caller sends the body. */
function send(method: string, path: string, headers: Record<string, string | number>) {
  return request(new URL(path, service.url), {
    method,
    agent: false,
    headers: { 'Tus-Resumable': '1.0.0', ...headers },
  });
}

async function reply(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

function append(path: string, offset: number): ClientRequest {
  return send('PATCH', path, {
    'Content-Type': 'application/offset+octet-stream',
    'Upload-Offset': offset,
  });
}

async function createUploadJob(): Promise<string> {
  const created = await fetch(`${service.url}/v1/jobs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ source: { kind: 'uploads' }, languages: ['ca', 'en'] }),
  });
  expect(created.status).toBe(201);
  return ((await created.json()) as { id: string }).id;
}

it('goes on with an upload at its offset after SIGKILL in the middle, and completes the job', async () => {
  const picture = await readFile(join(PROJECT, 'samples/fox.png'));
  const half = Math.floor(picture.length / 2);
  service = await startService(env);
  const id = await createUploadJob();
  const begin = send('POST', `/v1/jobs/${id}/uploads`, {
    'Upload-Length': picture.length,
    'Upload-Metadata': `filename ${Buffer.from('album/fox.png').toString('base64')}`,
  });
  begin.end();
  const { headers, statusCode } = await reply(begin);
  expect(statusCode).toBe(201);
  const { pathname } = new URL(headers.location ?? '', `${service.url}/v1/jobs/${id}/uploads`);
  const file = join(home, 'uploads', id, pathname.slice(pathname.lastIndexOf('/') + 1));

  const interrupted = append(pathname, 0);
  const broken = once(interrupted, 'error');
  interrupted.write(picture.subarray(0, half));
  // Neither the folder nor the file exists before the first byte.
  const stored = () =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  await poll(async () => (await stored()) === half || undefined, 20_000);
  service.process.kill('SIGKILL');
  await broken;
  await service.stop();

  service = await startService(env);
  const asked = send('HEAD', pathname, {});
  asked.end();
  expect((await reply(asked)).headers['upload-offset']).toBe(String(half));
  const rest = append(pathname, half);
  rest.end(picture.subarray(half));
  const finished = await reply(rest);
  expect([finished.statusCode, finished.headers['upload-offset']]).toEqual([
    204,
    String(picture.length),
  ]);
  expect(await readFile(file)).toEqual(picture);
  const complete = await fetch(`${service.url}/v1/jobs/${id}/uploads/complete`, { method: 'POST' });
  expect(complete.status).toBe(200);
  await poll(async () => {
    const job = (await (await fetch(`${service.url}/v1/jobs/${id}`)).json()) as { state: string };
    return job.state === 'done' || undefined;
  });

  const { stdout } = await run(['jobs', 'results', id], { env });
  expect(readLines(stdout)).toMatchObject([
    { identifier: 'album/fox.png', results: [{ text: 'guineu' }, { text: 'fox' }] },
  ]);
});
