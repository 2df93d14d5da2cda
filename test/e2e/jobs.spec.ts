import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { poll } from '../setup/poll.js';
import { readLines, run } from './run-cli.js';
import { startService } from './service.js';

const PROJECT = join(import.meta.dirname, '../..');
const SAMPLES = join(PROJECT, 'samples');
const PICTURES = ['fox.png', 'fruit.webp', 'penguin.webp', 'meadow.jpg', 'street.png'];

interface Line {
  readonly identifier: string;
  readonly file: string;
  readonly results?: readonly { readonly language: string; readonly text: string }[];
  readonly error?: { readonly code: string };
}

let home: string;
let photos: string;
let env: Record<string, string>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'salamandra-jobs-e2e-'));
  photos = join(home, 'photos');
  await mkdir(join(photos, 'sub'), { recursive: true });
  // The demo model is converted once for all tests, and jobs.db is of this test alone.
  const packages = join(PROJECT, '.salamandra/packages');
  await mkdir(packages, { recursive: true });
  await symlink(packages, join(home, 'packages'));
  for (const name of PICTURES) await copyFile(join(SAMPLES, name), join(photos, name));
  await copyFile(join(SAMPLES, 'fox.png'), join(photos, 'sub/same.png'));
  await writeFile(join(photos, 'broken.jpg'), 'not a picture');
  env = { SALAMANDRA_HOME: home, SALAMANDRA_MODEL: 'demo' };
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

it('takes up a job of a service that was killed, and stores each item once', async () => {
  const service = await startService({ ...env, SALAMANDRA_JOB_ROOTS: photos });
  const created = await fetch(`${service.url}/v1/jobs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'e2e' },
    body: JSON.stringify({ source: { kind: 'folder', path: photos }, languages: ['ca', 'en'] }),
  });
  expect(created.status).toBe(201);
  const { id } = (await created.json()) as { id: string };
  await poll(async () => {
    const job = (await (await fetch(`${service.url}/v1/jobs/${id}`)).json()) as {
      counts: { done: number };
    };
    return job.counts.done > 0 || undefined;
  });
  service.process.kill('SIGKILL');
  await service.stop();

  const resumed = await run(['jobs', 'resume', id], { env });
  const { stdout } = await run(['jobs', 'results', 'last'], { env });

  expect(resumed.stderr).toContain('7 of 7');
  const lines = readLines(stdout) as Line[];
  const names = [...PICTURES, 'broken.jpg', 'sub/same.png'].sort();
  expect(lines.map(({ identifier }) => identifier).sort()).toEqual(names);
  const texts = (name: string) =>
    lines.find(({ identifier }) => identifier === name)?.results?.map(({ text }) => text);
  expect(texts('fox.png')).toEqual(['guineu', 'fox']);
  expect(texts('sub/same.png')).toEqual(['guineu', 'fox']);
  const failed = lines.find(({ identifier }) => identifier === 'broken.jpg');
  expect(failed?.error?.code).toBe('UNSUPPORTED_MEDIA_TYPE');
});

it('refuses a file of another kind as a source, and creates no job', async () => {
  const other = await run(['caption', join(PROJECT, 'package.json')], { env });
  const empty = join(home, 'empty.csv');
  await writeFile(empty, '');
  const table = await run(['jobs', 'create', empty], { env });
  const jobs = await run(['jobs', 'list'], { env });

  expect([other.code, table.code]).toEqual([2, 2]);
  expect(other.stderr).toContain('neither a manifest nor a collection');
  expect(table.stderr).toContain('The table has no header.');
  expect(jobs.stdout.trim()).toBe('');
});

it('captions a folder, goes on after Ctrl-C, and then only what is new', async () => {
  // In all languages, so that the interrupt arrives long before the end.
  const args = ['caption', photos, '--languages', 'all', '--json'];

  const interrupted = await run(args, { env, interruptAt: /running/ });
  expect(interrupted.code).toBe(130);
  expect(interrupted.stderr).toContain('run the same command again');

  const complete = await run(args, { env });
  expect(complete.code).toBe(3);
  expect((readLines(complete.stdout) as Line[]).map(({ file }) => file)).toHaveLength(7);

  await copyFile(join(SAMPLES, 'desert.webp'), join(photos, 'new.webp'));
  await rm(join(photos, 'broken.jpg'));
  await copyFile(join(SAMPLES, 'penguin.webp'), join(photos, 'broken.jpg'));
  const again = await run(args, { env });
  expect(again.code).toBe(0);
  expect(again.stderr).toContain('1 files changed');
  const lines = readLines(again.stdout) as Line[];
  const text = (name: string) =>
    lines.find(({ file }) => file === name)?.results?.find(({ language }) => language === 'ca')
      ?.text;
  expect([text('broken.jpg'), text('new.webp')]).toEqual([
    'pingüí',
    'cactus, dromedari, tenda i sol',
  ]);
});
