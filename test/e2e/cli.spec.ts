import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { drawImage } from './draw-image.js';
import { readLines, run } from './run-cli.js';

jest.setTimeout(300_000);

const SAMPLES = join(import.meta.dirname, '../../samples');

let folder: string;
let picture: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'salamandra-'));
  picture = join(folder, 'picture.png');
  await writeFile(picture, await drawImage(200, 100));
});

afterAll(() => rm(folder, { recursive: true }));

it('prints one line with tab-separated columns for a single caption in a pipe', async () => {
  const { code, stdout, stderr } = await run(['caption', picture, '--languages', 'ca']);

  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout.split('\t')).toEqual([picture, 'ca', 'caption', expect.stringMatching(/^.+\n$/)]);
  expect(stderr).toContain('demo model: it knows a cartoon world of 132 objects only');
});

it('checks files before it loads a model, and prints failures as JSON too', async () => {
  const args = ['caption', 'absent.png', folder, '--json', '--model', 'absent'];
  const { code, stdout, stderr } = await run(args);

  expect(code).toBe(2);
  expect(readLines(stdout)).toEqual([
    { file: 'absent.png', error: { code: 'NOT_FOUND', message: 'No such file.' } },
    { file: folder, error: { code: 'INVALID_REQUEST', message: expect.any(String) as string } },
  ]);
  expect(stderr).not.toContain('Model:');
});

it('prints a failure of the model as JSON', async () => {
  const { code, stdout } = await run(['caption', picture, '--json', '--model', 'absent']);

  expect(code).toBe(4);
  expect(readLines(stdout)).toMatchObject([{ error: { code: 'MODEL_NOT_FOUND' } }]);
});

it('says that a language code was given as a file', async () => {
  const { code, stderr } = await run(['caption', picture, '--languages', 'ca', 'es']);

  expect(code).toBe(2);
  expect(stderr).toContain('--languages ca,es');
});

it('warns about a misspelt variable', async () => {
  const { stderr } = await run(['models', 'list'], { env: { SALAMANDRA_PRECISON: 'int4' } });

  expect(stderr).toContain('Did you mean SALAMANDRA_PRECISION?');
});

it('prints its version', async () => {
  expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('continues after a file that fails and exits with the code of its error family', async () => {
  const text = join(folder, 'text.png');
  await writeFile(text, 'not a picture');
  const { code, stdout } = await run(['caption', text, picture, '--languages', 'ca,es', '--json']);

  expect(code).toBe(3);
  expect(readLines(stdout)).toMatchObject([
    { file: text, error: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
    {
      file: picture,
      media: { width: 200 },
      results: [{ language: 'ca' }, { language: 'es' }],
      ...{ model: 'demo', precision: 'int8', settings: { detail: 'auto', temperature: 0 } },
      revision: expect.stringMatching(/^[\da-f]{64}$/) as string,
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    },
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

it('answers questions about several images and about none', async () => {
  const several = await run([
    'ask',
    picture,
    join(SAMPLES, 'fox.png'),
    'Are they alike?',
    '--json',
  ]);
  const none = await run(['ask', 'Repeat: dog', '--json']);

  expect([several.code, none.code]).toEqual([0, 0]);
  expect(JSON.parse(several.stdout)).toMatchObject({
    media: [
      { kind: 'image', tiles: 1 },
      { kind: 'image', tiles: 1 },
    ],
    results: [{ question: 'Are they alike?' }],
  });
  expect(JSON.parse(none.stdout)).toMatchObject({ files: [], media: [] });
});

it('prints the same text streamed and whole', async () => {
  const args = ['caption', picture, '--languages', 'ca,es', '--kind', 'long'];
  const [whole, pieces] = [await run(args), await run([...args, '--stream'])];

  expect([whole.code, pieces.code]).toEqual([0, 0]);
  expect(pieces.stdout).toBe(whole.stdout);
});

it('chats: each line is a question after the turns before it, until the input ends', async () => {
  const input = 'What is on the left?\n\nWhat is on the right?\n';
  const chat = await run(['ask', '--chat', picture, '--json'], { input });
  const [first, second] = readLines(chat.stdout) as { results: { text: string }[] }[];
  const history = join(folder, 'history.json');
  const turns = [
    { role: 'user', text: 'What is on the left?' },
    { role: 'assistant', text: first?.results[0]?.text },
  ];
  await writeFile(history, JSON.stringify(turns));
  const asked = ['ask', picture, 'What is on the right?', '--history', history, '--json'];
  const { stdout } = await run(asked);

  expect(chat.code).toBe(0);
  expect(readLines(chat.stdout)).toHaveLength(2);
  // The receipt has a date, too, and a signature of it.
  const withoutDates = (line: object | undefined): unknown =>
    JSON.parse(JSON.stringify(line), (name, value: unknown) =>
      name === 'created' || name === 'signature' ? '' : value,
    );
  expect(readLines(stdout).map(withoutDates)).toEqual([withoutDates(second)]);
});

it('continues a chat after a question that fails', async () => {
  const input = `${'dog '.repeat(3_000)}\nHow many?\n`;
  const { code, stdout, stderr } = await run(['ask', '--chat', '--json'], { input });

  expect(code).toBe(2);
  expect(readLines(stdout)).toMatchObject([
    {
      question: expect.stringContaining('dog') as string,
      error: { code: 'CONTEXT_LENGTH_EXCEEDED' },
    },
    { results: [{ question: 'How many?' }] },
  ]);
  expect(stderr).toContain('context');
});

it.each([
  ['no file', ['caption'], 2],
  ['an unknown option', ['caption', 'x', '--nope'], 2],
  ['an unknown command', ['describe'], 2],
  ['an unknown language', ['caption', 'x', '--languages', 'xx'], 2],
  ['an unknown kind', ['caption', 'x', '--kind', 'poem'], 2],
  ['an absent file', ['caption', 'absent.png'], 2],
  ['segments of an image', ['caption', join(SAMPLES, 'fox.png'), '--by', 'shot'], 2],
  ['a track of two videos', ['caption', 'x', 'y', '--format', 'vtt'], 2],
  ['a track in two languages', ['caption', 'x', '--format', 'vtt', '--languages', 'ca,es'], 2],
  ['another kind of text for shots', ['caption', 'x', '--by', 'shot', '--kind', 'alt'], 2],
  ['JSON as it comes', ['caption', 'x', '--json', '--stream'], 2],
  ['frames by number and by rate', ['caption', 'x', '--frames', '2', '--fps', '1'], 2],
  ['an end before the start', ['caption', 'x', '--start', '3', '--end', '2'], 2],
  ['a question that was forgotten', ['ask', join(SAMPLES, 'fox.png')], 2],
  ['a question before the file', ['ask', 'Who?', join(SAMPLES, 'fox.png')], 2],
  ['a folder to ask about', ['ask', SAMPLES, 'Who?'], 2],
  ['an absent history', ['ask', 'Who?', '--history', 'absent.json'], 2],
  ['an absent picture to ask about', ['ask', 'absent.png', 'Who?'], 2],
  ['an absent model', ['caption', join(SAMPLES, 'fox.png'), '--model', 'absent'], 4],
  ['an absent checkpoint', ['convert', 'absent', '--out', 'absent-out'], 4],
  ['help', ['--help'], 0],
])('exits for %s with the documented code and without a stack trace', async (_, args, expected) => {
  const { code, stdout, stderr } = await run(args);

  expect(code).toBe(expected);
  expect(stdout + stderr).not.toMatch(/\n\s+at /);
});

it('reports a rejected command line as JSON too, if JSON is asked for', async () => {
  const { code, stdout } = await run(['caption', 'x', '--json', '--nope']);

  expect(code).toBe(2);
  expect(readLines(stdout)).toEqual([
    { error: { code: 'INVALID_PARAMETER', message: "unknown option '--nope'" } },
  ]);
});

it('stops at Ctrl-C', async () => {
  const kinds = 'caption,alt,long,keywords';
  const args = ['caption', picture, '--languages', 'ca,es,en,de,fr,it,pt', '--kind', kinds];
  const { code, stdout } = await run(args, { interruptAt: /\(1 of 1\)/ });

  expect(code).toBe(130);
  expect(stdout).toBe('');
});
