import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { buildPrompt } from '../../../language/build-prompt.js';
import type { ChatMessage } from '../../../language/chat-template.js';
import { createDetokenizer } from '../../../language/detokenizer.js';
import { createTokenizer, withChatTemplate } from '../../../language/tokenizer.js';
import type { JsonObject } from '../../package/json-fields.js';
import { loadTokenizerFiles } from './tokenizer-class.js';

interface Golden {
  template: string;
  chats: { role: ChatMessage['role']; content: string }[][];
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
const chats = golden.chats.map((chat) =>
  chat.map(({ role, content }): ChatMessage => ({
    role,
    content: [{ type: 'text', text: content }],
  })),
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
    const tokenizer = withChatTemplate(
      createTokenizer(files.tokenizer, files.config, null),
      golden.template,
    );
    for (const [index, chat] of chats.entries()) {
      const [segment] = buildPrompt(chat, tokenizer);
      const ids = segment?.kind === 'text' ? segment.ids : [];
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
