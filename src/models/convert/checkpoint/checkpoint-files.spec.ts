import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tinyProcessor, writeTinyCheckpoint } from '../../../../test/tiny-model/tiny-checkpoint.js';
import { readCheckpointFiles } from './checkpoint-files.js';

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

    expect(files.imageProcessor).toMatchObject({
      file: 'processor_config.json',
      json: { resample: 1 },
    });
  });

  it('reads preprocessor_config.json if the processor contains no image processor', async () => {
    const files = await read({ 'processor_config.json': '{"num_image_tokens":4}' });

    expect(files.imageProcessor).toEqual({
      file: 'preprocessor_config.json',
      json: tinyProcessor(),
    });
    expect(files.processor).toEqual({ num_image_tokens: 4 });
  });

  it('works without processors and a chat template', async () => {
    const files = await read({ 'preprocessor_config.json': null, 'chat_template.jinja': null });

    const none = { processor: {}, imageProcessor: null, videoProcessor: null, chatTemplate: null };
    expect(files).toMatchObject(none);
  });

  it('reads the video processor from the first place that has one', async () => {
    const nested = JSON.stringify({ video_processor: { do_resize: true } });
    const places = [
      'processor_config.json',
      'video_preprocessor_config.json',
      'video_processor/preprocessor_config.json',
      'preprocessor_config.json',
    ];
    const changes = { [places[0]!]: nested, [places[1]!]: '{}', [places[2]!]: '{}' };

    for (const [index, place] of places.entries()) {
      const present = Object.fromEntries(Object.entries(changes).slice(index));
      expect((await read(present)).videoProcessor?.file).toBe(place);
    }
    const empty = { ...changes, 'processor_config.json': '{"video_processor":null}' };
    expect((await read(empty)).videoProcessor?.file).toBe(places[1]);
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

  it('reads license and languages from either model card', async () => {
    const card = '---\nlicense: apache-2.0\nlanguage: [ca, es]\n---\n';
    const parsed = { licence: 'apache-2.0', languages: ['ca', 'es'] };

    expect((await read({})).card).toEqual({ licence: 'unknown', languages: null });
    expect((await read({ 'MODEL_CARD.md': card })).card).toEqual(parsed);
    expect((await read({ 'README.md': '# None', 'MODEL_CARD.md': card })).card).toEqual(parsed);
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
