import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tinyProcessor, writeTinyCheckpoint } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { parseLicense, readCheckpointFiles } from './checkpoint-files.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'checkpoint-files-'));
});

afterAll(() => rm(root, { recursive: true }));

async function read(changes: Record<string, string | null>) {
  const directory = await mkdtemp(join(root, 'checkpoint-'));
  await writeTinyCheckpoint(directory, changes);
  return readCheckpointFiles(directory);
}

describe('readCheckpointFiles', () => {
  it('prefers the image processor inside the processor', async () => {
    const nested = JSON.stringify({ image_processor: { ...tinyProcessor(), resample: 1 } });

    const files = await read({ 'processor_config.json': nested });

    expect(files.imageProcessor?.['resample']).toBe(1);
  });

  it('reads preprocessor_config.json if the processor contains no image processor', async () => {
    const files = await read({ 'processor_config.json': '{"num_image_tokens":4}' });

    expect(files.imageProcessor).toEqual(tinyProcessor());
  });

  it('works without an image processor and a chat template', async () => {
    const files = await read({ 'preprocessor_config.json': null, 'chat_template.jinja': null });

    expect(files).toMatchObject({ imageProcessor: null, chatTemplate: null });
  });

  it.each(['chat_template.json', 'tokenizer_config.json'])(
    'finds the chat template in %s',
    async (file) => {
      const files = await read({ 'chat_template.jinja': null, [file]: '{"chat_template":"a"}' });

      expect(files.chatTemplate).toEqual({ source: 'a', file });
    },
  );

  it('reads tokenizer_config.json as empty if it is missing', async () => {
    const { tokenizerConfig } = await read({ 'tokenizer_config.json': null });

    expect(Buffer.from(tokenizerConfig).toString()).toBe('{}');
  });

  it('reads the license from either model card', async () => {
    const card = '---\nlicense: apache-2.0\n---\n';

    expect((await read({})).licence).toBe('unknown');
    expect((await read({ 'MODEL_CARD.md': card })).licence).toBe('apache-2.0');
    expect((await read({ 'README.md': '# None', 'MODEL_CARD.md': card })).licence).toBe(
      'apache-2.0',
    );
  });

  it('works without a generation configuration', async () => {
    expect((await read({ 'generation_config.json': null })).generation).toEqual({});
  });

  it.each([
    ['no configuration', { 'config.json': null }],
    ['no tokenizer', { 'tokenizer.json': null }],
    ['a list as configuration', { 'config.json': '[]' }],
    ['broken JSON', { 'generation_config.json': '{' }],
  ])('rejects %s', async (_, changes) => {
    await expect(read(changes)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe('parseLicense', () => {
  it.each([
    ['---\nlicense: apache-2.0\nlanguage: en\n---\n', 'apache-2.0'],
    ['---\r\nlanguage: en\r\nlicense: "mit"\r\n---\r\n', 'mit'],
    ['---\nbase: x\n---\nlicense: mit\n', undefined],
    ['# Card\nlicense: mit\n', undefined],
    ['---\nlicense:\n  - mit\n---\n', undefined],
    ['', undefined],
  ])('reads %j as %s', (card, licence) => {
    expect(parseLicense(card)).toBe(licence);
  });
});
