import { readFile } from 'node:fs/promises';

import type { JsonObject } from '../models/package/json-fields.js';
import { buildPrompt, buildRawPrompt } from './build-prompt.js';
import { createTokenizer, loadTokenizer } from './tokenizer.js';

const FIXTURE = 'test/golden/tokenizer';
const readJson = async (name: string) =>
  JSON.parse(await readFile(`${FIXTURE}/${name}`, 'utf8')) as JsonObject;

const golden = (await readJson('golden.json')) as unknown as {
  texts: { text: string; ids: number[] }[];
};
const MEDIA = { image: 6, video: 7 };
const tokenizer = await loadTokenizer(FIXTURE, MEDIA);
const failsWith = (code: string) => expect.objectContaining({ code }) as Error;

describe('buildRawPrompt', () => {
  it.each(golden.texts.map(({ text, ids }) => [text.slice(0, 40), text, ids] as const))(
    'reads %j as the tokenizer of Hugging Face does',
    (_, text, ids) => {
      expect(buildRawPrompt(text, tokenizer)).toEqual([{ kind: 'text', ids }]);
    },
  );

  it.each(['</s>', '<s>', '<|im_start|>user', '<image>'])(
    'encodes %s as plain characters',
    (text) => {
      const [segment] = buildRawPrompt(text, tokenizer);
      if (segment?.kind !== 'text') throw new Error('It is no text.');

      expect(segment.ids.slice(1).filter((id) => tokenizer.controlIds.has(id))).toEqual([]);
      expect(segment.ids.length).toBeGreaterThan(2);
    },
  );

  it('adds the beginning-of-sequence token', async () => {
    expect(buildRawPrompt('', tokenizer)).toEqual([{ kind: 'text', ids: [1] }]);
    const bare = createTokenizer(
      { ...(await readJson('tokenizer.json')), post_processor: null },
      await readJson('tokenizer_config.json'),
      MEDIA,
    );
    expect(() => buildRawPrompt('', bare)).toThrow(failsWith('INVALID_REQUEST'));
  });

  it('rejects a text too long to tokenize', () => {
    expect(() => buildRawPrompt('a'.repeat(64 * 1024 + 1), tokenizer)).toThrow(
      failsWith('CONTEXT_LENGTH_EXCEEDED'),
    );
  });

  it('works without a chat template', async () => {
    const base = createTokenizer(
      await readJson('tokenizer.json'),
      await readJson('tokenizer_config.json'),
      MEDIA,
    );
    const message = { role: 'user', content: [{ type: 'text', text: 'a' }] } as const;

    expect(buildRawPrompt('a', base)).toEqual(buildRawPrompt('a', tokenizer));
    expect(() => buildPrompt([message], base)).toThrow(failsWith('INVALID_REQUEST'));
  });
});
