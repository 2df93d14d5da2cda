import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { drawImage } from './draw-image.js';
import { readLines, run } from './run-cli.js';

jest.setTimeout(300_000);

const SAMPLES = join(import.meta.dirname, '../../samples');
const CLIP = join(SAMPLES, 'three-shots.mp4');

let folder: string;
let picture: string;
let receipts: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-'));
  picture = join(folder, 'picture.png');
  receipts = join(folder, 'receipts.jsonl');
  await writeFile(picture, await drawImage(200, 100));
  const { stdout } = await run(['caption', picture, CLIP, '--languages', 'ca,en', '--json']);
  await writeFile(receipts, stdout);
});

afterAll(() => rm(folder, { recursive: true }));

it('writes the texts of receipts again, byte for byte', async () => {
  const { code, stdout } = await run(['replay', receipts, CLIP, picture, '--json']);

  expect(readLines(stdout)).toMatchObject(
    Array.from({ length: 4 }, () => ({ outcome: 'equal', signature: 'valid', differences: [] })),
  );
  expect(code).toBe(0);
});

it('names what differs', async () => {
  const env = { SALAMANDRA_THREADS: '3' };
  const { code, stdout } = await run(['replay', receipts, CLIP], { env });
  const lines = stdout.trim().split('\n');

  expect(code).toBe(6);
  expect(lines.filter((line) => line === 'not_run')).toHaveLength(2);
  expect(lines).toContainEqual(
    expect.stringMatching(/^ {2}media\[0\]\.sha256: receipt .*, here "/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^ {2}machine\.threads: receipt \d+, here 3$/),
  );
});

it('checks signatures without the model', async () => {
  const forged = join(folder, 'forged.jsonl');
  const text = await readFile(receipts, 'utf8');
  await writeFile(forged, text.replaceAll('"seed":0,"repetition', '"seed":1,"repetition'));
  const genuine = await run(['verify-receipt', receipts]);
  const changed = await run(['verify-receipt', forged, '--json']);

  expect(genuine.code).toBe(0);
  expect(genuine.stdout.match(/^valid\t\S+ \(the key of this machine\)$/gm)).toHaveLength(4);
  expect(changed.code).toBe(6);
  expect(readLines(changed.stdout)).toMatchObject(
    Array.from({ length: 4 }, () => ({ signature: 'invalid', is_own_key: true })),
  );
});

it.each([
  ['{}', 'INVALID_PARAMETER', 'has no receipt'],
  ['{"a": 1}\n{', 'INVALID_JSON', 'line 2'],
])('refuses %p', async (content, code, message) => {
  const path = join(folder, 'other.json');
  await writeFile(path, content);
  const { code: exitCode, stdout } = await run(['replay', path, picture, '--json']);

  expect(exitCode).toBe(2);
  expect(readLines(stdout)).toEqual([
    { error: { code, message: expect.stringContaining(message) as string } },
  ]);
});
