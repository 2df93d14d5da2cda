import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { drawPicture } from './draw-picture.js';

jest.setTimeout(300_000);

const CLI = join(import.meta.dirname, '../../dist/cli.js');

let folder: string;
let picture: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-'));
  picture = join(folder, 'picture.png');
  await writeFile(picture, await drawPicture(200, 100));
});

afterAll(() => rm(folder, { recursive: true }));

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], interruptAt?: RegExp): Promise<Run> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (seen.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    seen.stderr += chunk.toString();
    if (interruptAt?.test(seen.stderr)) child.kill('SIGINT');
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, ...seen };
}

it('captions a picture with nothing but the text on standard output', async () => {
  const { code, stdout, stderr } = await run(['caption', picture, '--languages', 'ca']);

  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout.trimEnd().length).toBeGreaterThan(0);
});

it('goes on after a file that fails, and ends with the code of its family', async () => {
  const text = join(folder, 'text.png');
  await writeFile(text, 'not a picture');
  const { code, stdout } = await run(['caption', text, picture, '--languages', 'ca,es', '--json']);

  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(code).toBe(3);
  expect(lines).toMatchObject([
    { file: text, error: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
    { file: picture, media: { width: 200 }, results: [{ language: 'ca' }, { language: 'es' }] },
  ]);
});

it('answers a question', async () => {
  const { code, stdout } = await run([
    'ask',
    picture,
    'Què és això?',
    '--language',
    'ca',
    '--json',
  ]);

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    results: [{ language: 'ca', question: 'Què és això?' }],
  });
});

it.each([
  ['no file', ['caption'], 2],
  ['an unknown option', ['caption', 'x', '--nope'], 2],
  ['an unknown command', ['describe'], 2],
  ['an unknown language', ['caption', 'x', '--languages', 'xx'], 2],
  ['an unknown kind', ['caption', 'x', '--kind', 'poem'], 2],
  ['an absent file', ['caption', 'absent.png'], 2],
  ['an absent model', ['caption', 'x', '--model', 'absent'], 4],
  ['an absent checkpoint', ['convert', 'absent', '--out', 'absent-out'], 4],
  ['help', ['--help'], 0],
])('ends for %s with the promised code and no stack', async (_, args, expected) => {
  const { code, stdout, stderr } = await run(args);

  expect(code).toBe(expected);
  expect(stdout + stderr).not.toMatch(/\n\s+at /);
});

it('stops at Ctrl-C', async () => {
  const kinds = 'caption,alt,long,keywords';
  const args = ['caption', picture, '--languages', 'ca,es,en,de,fr,it,pt', '--kind', kinds];
  const { code, stdout } = await run(args, /\(1 of 1\)/);

  expect(code).toBe(130);
  expect(stdout).toBe('');
});
