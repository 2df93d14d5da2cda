import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { createDetokenizer } from '../../../language/detokenizer.js';
import { TaintedText } from '../../../language/tainted-text.js';
import { createTokenizer } from '../../../language/tokenizer.js';
import type { JsonObject } from '../../package/json-fields.js';
import { loadTokenizerFiles } from './tokenizer-class.js';

interface Golden {
  chats: string[];
  cases: {
    base: string;
    modelType: string;
    config: JsonObject;
    class: string;
    ids: string[];
    texts: string[];
  }[];
}

const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(`test/golden/tokenizers/${name}.json`, 'utf8')) as unknown;
/** What `AutoTokenizer` of transformers makes of the files: see make_golden.py. */
const golden = readJson('classes') as Golden;
const bases = new Map(
  ['byte-level', 'sentence-piece'].map((name) => [name, readJson(name) as JsonObject]),
);
const ROWS = 4096;

const digest = (text: string): string =>
  createHash('sha256').update(text).digest().subarray(0, 3).toString('base64');

function loadCase({ base, modelType, config }: Golden['cases'][number]) {
  const tokenizer = bases.get(base) ?? {};
  return loadTokenizerFiles({ tokenizer, config }, modelType, {}, ROWS);
}

describe('loadTokenizerFiles', () => {
  it.each(
    golden.cases.map((one) => {
      const { base, modelType, config } = one;
      return [`${base}, ${modelType}, ${JSON.stringify(config)}`, one] as const;
    }),
  )('tokenizes chats as AutoTokenizer does: %s', (_, one) => {
    const files = loadCase(one);
    const tokenizer = createTokenizer(files.tokenizer, files.config, null);
    for (const [index, chat] of golden.chats.entries()) {
      // As text of a template, in which every token matches: the content of a client would lose its control tokens.
      const ids = tokenizer.encode(TaintedText.fromTemplate(chat));
      const detokenizer = createDetokenizer(tokenizer);
      const text = ids.map((id) => detokenizer.push(id)).join('') + detokenizer.end();

      expect(digest(ids.join(' '))).toBe(one.ids[index]);
      expect(digest(text)).toBe(one.texts[index]);
    }
  });

  it('returns the same objects if the files are complete', () => {
    const tokenizer = bases.get('sentence-piece') ?? {};
    const config = { tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<s>' };
    const loaded = loadTokenizerFiles({ tokenizer, config }, 'llama', {}, ROWS);

    expect(loaded.tokenizer).toBe(tokenizer);
    expect(loaded.config).toBe(config);
  });

  it('reads special_tokens_map.json, unless tokenizer_config.json lists the added tokens', () => {
    const map = { bos_token: { content: '</s>', lstrip: false } };
    const load = (config: JsonObject) =>
      loadTokenizerFiles({ tokenizer: bases.get('byte-level') ?? {}, config }, 'llama', map, ROWS);

    expect(load({ bos_token: '<s>' }).config['bos_token']).toEqual(map.bos_token);
    expect(load({ bos_token: '<s>', added_tokens_decoder: {} }).config['bos_token']).toBe('<s>');
  });

  it('adds tokens of added_tokens_decoder, and leaves out those without an embedding', () => {
    const token = (content: string) => ({ content, special: true, lstrip: true });
    const config = { added_tokens_decoder: { 1999: token('<new>'), 4096: token('<beyond>') } };
    const files = { tokenizer: bases.get('byte-level') ?? {}, config };
    const { tokenizer } = loadTokenizerFiles(files, 'llama', {}, ROWS);
    const added = tokenizer['added_tokens'] as JsonObject[];

    expect(added.at(-1)).toMatchObject({ content: '<new>', id: 1999, lstrip: true, special: true });
  });

  it.each([
    [{ tokenizer_class: 'CohereTokenizerFast' }, 'the tokenizer_class CohereTokenizer is not'],
    [{ split_special_tokens: true }, 'split_special_tokens is true'],
  ])('refuses %j', (config, reason) => {
    const files = { tokenizer: bases.get('byte-level') ?? {}, config };

    expect(() => loadTokenizerFiles(files, 'llama', {}, ROWS)).toThrow(reason);
    expect(() => loadTokenizerFiles(files, 'llama', {}, ROWS)).toThrow('tokenizer_config.json');
  });
});
