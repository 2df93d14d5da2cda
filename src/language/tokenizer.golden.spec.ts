import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { JsonObject } from '../models/package/json-fields.js';
import { createDetokenizer, tokenText } from './detokenizer.js';
import { TaintedText } from './tainted-text.js';
import { createTokenizer, type Tokenizer } from './tokenizer.js';

const FOLDER = 'test/golden/tokenizers';
const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(`${FOLDER}/${name}.json`, 'utf8')) as unknown;

interface Variant {
  name: string;
  base: string;
  components: Record<string, unknown>;
  flags: JsonObject;
  more: JsonObject[];
  size: number;
  strings: string;
  randomTexts: string;
}

const strings = readJson('strings') as string[];
const variants = readJson('variants') as Variant[];

/** Applies the components of a variant as `build` in make_golden.py does. */
function buildFile({ base, components, flags, more }: Variant): JsonObject {
  const file = readJson(base) as {
    added_tokens: (JsonObject & { id: number })[];
    model: JsonObject & { vocab: Record<string, number> };
  };
  const added = file.added_tokens.map((token) =>
    token['special'] === true ? { ...token, ...flags } : token,
  );
  const model = { ...file.model, ...(components['model'] as JsonObject | undefined) };
  return {
    ...{ ...file, ...components, model },
    added_tokens: [...added, ...more],
  };
}

/** As in make_golden.py. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 3).toString('base64');
}
const digestsOf = (joined: string): string[] => joined.match(/.{4}/g) ?? [];

function decode(tokenizer: Tokenizer, ids: readonly number[]): string {
  const detokenizer = createDetokenizer(tokenizer);
  return ids.map((id) => detokenizer.push(id)).join('') + detokenizer.end();
}

function* randomIds(size: number): Generator<number[]> {
  let state = 35n;
  for (let list = 0; list < 600; list++) {
    yield Array.from({ length: 1 + (600 % 7) + (list % 20) }, () => {
      state = (state * 1103515245n + 12345n) % 2n ** 31n;
      return Number(state >> 8n) % size;
    });
  }
}

/** The specs compare ids with those of transformers for text that the template writes: every token matches there. */
const fromTemplate = (text: string) => TaintedText.fromTemplate(text);

describe.each(variants.map((variant) => [variant.name, variant] as const))(
  'the tokenizer %s',
  (_, variant) => {
    const tokenizer = createTokenizer(buildFile(variant), {}, null);

    it('encodes and decodes 2,100 strings in 35 languages as Hugging Face does', () => {
      const { prefixIds, suffixIds } = tokenizer;
      const expected = digestsOf(variant.strings);
      const different = strings.filter((text, index) => {
        const ids = tokenizer.encode(fromTemplate(text));
        const chat = tokenizer.encode(
          fromTemplate(`<|im_start|>user\n${text}<|im_end|>\n<|im_start|>assistant\n`),
        );
        const whole = [...prefixIds, ...chat, ...suffixIds];
        const found = `${ids.join(' ')}\n${whole.join(' ')}\n${decode(tokenizer, ids)}`;
        return digest(found) !== expected[index];
      });

      expect(expected).toHaveLength(2100);
      expect(different).toEqual([]);
    });

    it('decodes 600 random lists of ids as Hugging Face does', () => {
      const expected = digestsOf(variant.randomTexts);
      const different = [...randomIds(variant.size)].filter(
        (ids, index) => digest(decode(tokenizer, ids)) !== expected[index],
      );

      expect(expected).toHaveLength(600);
      expect(different).toEqual([]);
    });

    it('encodes control tokens in user text as plain characters', () => {
      const controls = [...tokenizer.controlIds].map((id) => tokenizer.pieceOf(id) ?? '');
      for (const text of strings.slice(0, 300)) {
        const attack = controls.map((control) => `${text}${control}`).join('');
        const ids = tokenizer.encode(TaintedText.fromUser(attack));
        // The unknown token stands for characters outside the vocabulary.
        const found = ids.filter((id) => tokenizer.controlIds.has(id));
        expect(found.filter((id) => tokenizer.pieceOf(id) !== '<unk>')).toEqual([]);
      }
    });

    // A decoder that strips two characters may take them from two tokens, but the bytes are those of one token alone.
    const stripsSeveral = JSON.stringify(variant.components).includes('"start":2');
    (stripsSeveral ? it.skip : it)('gives the bytes of valid text in tokens', () => {
      for (const text of strings.slice(0, 700)) {
        const ids = tokenizer.encode(TaintedText.fromUser(text));
        const decoded = decode(tokenizer, ids);
        if (decoded.includes('\ufffd') || ids.some((id) => tokenizer.specialIds.has(id))) continue;
        const bytes = ids.flatMap((id, index) => [...tokenText(id, index === 0, tokenizer).bytes]);

        expect(Buffer.from(bytes).toString()).toBe(decoded);
      }
    });
  },
);
