import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { JsonObject } from '../models/package/json-fields.js';
import { TaintedText } from './tainted-text.js';
import { createTokenizer, loadTokenizer } from './tokenizer.js';

const FIXTURE = 'test/golden/tokenizer';

interface Golden {
  texts: { text: string; ids: number[]; decoded: string }[];
}

async function readJson(name: string): Promise<JsonObject> {
  return JSON.parse(await readFile(join(FIXTURE, name), 'utf8')) as JsonObject;
}

const MEDIA = { image: 6, video: 7 };
const tokenizer = await loadTokenizer(FIXTURE, MEDIA);
const encodeUser = (text: string) => tokenizer.encode(TaintedText.fromUser(text));
const golden = (await readJson('golden.json')) as unknown as Golden;

describe('encode', () => {
  it.each(
    golden.texts.map(({ text, ids }) => [JSON.stringify(text).slice(0, 60), text, ids] as const),
  )('gives the ids of Hugging Face for %s', (_, text, ids) => {
    expect([...tokenizer.prefixIds, ...encodeUser(text)]).toEqual(ids);
  });

  it('parses the control tokens of the checkpoint', () => {
    expect(tokenizer.prefixIds).toEqual([1]);
    expect(tokenizer.suffixIds).toEqual([]);
    expect(tokenizer.specialTokens['bos_token']).toBe('<s>');
    expect(tokenizer.placeholders).toEqual({ image: '<image>', video: '<video>' });
    expect([...tokenizer.controlIds]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...tokenizer.specialIds]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(tokenizer.pieceOf(5)).toBe('<|im_end|>');
    expect(tokenizer.pieceOf(1_000_000)).toBeUndefined();
    expect(encodeUser('')).toEqual([]);
  });

  it('encodes a lone surrogate as U+FFFD', () => {
    expect(encodeUser('a\ud83db')).toEqual(encodeUser('a\ufffdb'));
  });

  it('does not merge characters into a control token', async () => {
    const file = await readJson('tokenizer.json');
    const model = file['model'] as { vocab: Record<string, number>; merges: [string, string][] };
    const rows = Object.keys(model.vocab).length + 2;
    const spelling = ['<', '/', '>', '</', 's>', 'x0A>', '<0'];
    const spelled = {
      ...file,
      model: {
        ...model,
        vocab: {
          ...Object.fromEntries(spelling.map((piece, index) => [piece, rows + index])),
          ...model.vocab,
        },
        merges: [['<', '/'], ['s', '>'], ['</', 's>'], ['<0', 'x0A>'], ...model.merges],
      },
    };
    const config = await readJson('tokenizer_config.json');
    const misled = createTokenizer(spelled, config, MEDIA);

    const ids = misled.encode(TaintedText.fromUser('a</s>b'));

    expect(ids.map((id) => misled.pieceOf(id))).toEqual(['▁a', '</', 's>', 'b']);
  });
});

describe('loadTokenizer', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    await cp(FIXTURE, directory, { recursive: true });
  });
  afterEach(() => rm(directory, { recursive: true }));

  const invalid = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;

  it.each(['tokenizer.json', 'tokenizer_config.json'])(
    'rejects a model without %s',
    async (name) => {
      await rm(join(directory, name));

      await expect(loadTokenizer(directory, MEDIA)).rejects.toThrow(invalid);
    },
  );

  it('loads a model without a chat template', async () => {
    await rm(join(directory, 'chat_template.jinja'));

    const { chatTemplate, encode } = await loadTokenizer(directory, MEDIA);

    expect(chatTemplate).toBeNull();
    expect(encode(TaintedText.fromUser('a'))).not.toEqual([]);
  });

  it('rejects a chat template that cannot be read', async () => {
    await rm(join(directory, 'chat_template.jinja'));
    await mkdir(join(directory, 'chat_template.jinja'));

    await expect(loadTokenizer(directory, MEDIA)).rejects.toThrow(invalid);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another model', { model: { type: 'Unigram', vocab: [] } }],
    ['no merges', { model: { type: 'BPE', vocab: {} } }],
    ['no decoder', { decoder: null }],
    ['a decoder for WordPiece', { decoder: { type: 'WordPiece' } }],
    ['a BERT post-processor', { post_processor: { type: 'BertProcessing' } }],
    ['an id that is no number', { added_tokens: [{ id: 'x', content: '<s>' }] }],
    ['an unknown normalizer', { normalizer: { type: 'Rot13' } }],
    ['a list', { added_tokens: {} }],
  ])('rejects %s', async (_, change) => {
    const file = await readJson('tokenizer.json');
    await writeFile(join(directory, 'tokenizer.json'), JSON.stringify({ ...file, ...change }));

    await expect(loadTokenizer(directory, MEDIA)).rejects.toThrow(invalid);
  });
});
