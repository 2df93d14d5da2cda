import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EXPORT_FORMATS, FORMAT_NAMES, type FormatName } from '../../src/exports/formats.js';
import { run } from './run-cli.js';
import { type Service, startService } from './service.js';

const PROJECT = join(import.meta.dirname, '../..');
const SAMPLES = join(PROJECT, 'samples');
/** The caption of fox.png. */
const TEXT = 'guineu';

let home: string;
let env: Record<string, string>;
let service: Service;

/** Formats of which a folder of pictures has nothing to say: one is for IIIF, the other for clips. */
const REFUSED: ReadonlyMap<FormatName, string> = new Map([
  ['iiif', 'Use the format for jobs of IIIF'],
]);
const WITHOUT_PICTURES: ReadonlySet<FormatName> = new Set(['webvtt']);
const CARRIES_TEXT = FORMAT_NAMES.filter(
  (name) => !REFUSED.has(name) && !WITHOUT_PICTURES.has(name),
);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'salamandra-exports-e2e-'));
  const photos = join(home, 'photos');
  await mkdir(photos);
  // The demo model is converted once for all tests.
  const packages = join(PROJECT, '.salamandra/packages');
  await mkdir(packages, { recursive: true });
  await symlink(packages, join(home, 'packages'));
  for (const name of ['fox.png', 'meadow.jpg']) {
    await copyFile(join(SAMPLES, name), join(photos, name));
  }
  env = { SALAMANDRA_HOME: home, SALAMANDRA_MODEL: 'demo' };
  const { code } = await run(['jobs', 'create', photos, '--languages', 'ca'], { env });
  expect(code).toBe(0);
  service = await startService(env);
}, 120_000);

afterAll(async () => {
  await service.stop();
  await rm(home, { recursive: true, force: true });
});

/** The content of a file, or of all files in a folder. */
async function contentOf(path: string): Promise<string> {
  const names = await readdir(path, { recursive: true }).catch(() => null);
  if (names === null) return await readFile(path, 'utf8');
  const files = await Promise.all(
    names.map((name) => readFile(join(path, name), 'utf8').catch(() => '')),
  );
  return files.join('\n');
}

async function exportOverHttp(query: string): Promise<Response> {
  return await fetch(`${service.url}/v1/jobs/last/export?${query}`);
}

it.each(CARRIES_TEXT)('exports %s as a process and over HTTP', async (format) => {
  const output = join(home, `out-${format}`);

  const { code, stderr } = await run(
    ['jobs', 'export', 'last', '--format', format, '--output', output],
    { env },
  );
  const response = await exportOverHttp(`format=${format}`);

  expect([code, response.status]).toEqual([0, 200]);
  expect(stderr).not.toContain('left out');
  expect(await contentOf(output)).toContain(TEXT);
  const body = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename=/);
  if (EXPORT_FORMATS[format].kind === 'files') expect(body.subarray(0, 2).toString()).toBe('PK');
  else expect(body.toString()).toContain(TEXT);
});

it('exports WebVTT: pictures are listed as left out', async () => {
  const output = join(home, 'out-webvtt');

  const { code, stderr } = await run(
    ['jobs', 'export', 'last', '--format', 'webvtt', '--output', output],
    { env },
  );

  expect(code).toBe(0);
  expect(stderr).toContain('left out');
  expect((await exportOverHttp('format=webvtt')).status).toBe(200);
});

it.each([...REFUSED])('refuses %s for a folder, with the remedy', async (format, words) => {
  const args = ['jobs', 'export', 'last', '--format', format, '--output', join(home, 'refused')];

  const { code, stderr } = await run(args, { env });
  const response = await exportOverHttp(`format=${format}`);

  expect([code, response.status]).toEqual([2, 400]);
  expect(stderr).toContain(words);
  expect(await response.text()).toContain(words);
});

it('prints a format of one file to standard output', async () => {
  const { code, stdout } = await run(['jobs', 'export', 'last', '--format', 'csv'], { env });

  expect(code).toBe(0);
  expect(stdout.split('\n')[0]).toContain('identifier,language,kind');
  expect(stdout).toContain(`fox.png,ca,caption,,,${TEXT}`);
});
