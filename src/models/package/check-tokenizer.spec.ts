import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkTokenizer } from './check-tokenizer.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const DEMO = join(import.meta.dirname, '../../../models/demo/tokenizer.json');

const check = (json: unknown) => checkTokenizer(Buffer.from(JSON.stringify(json)), 4);
const withExpression = (Regex: unknown) => ({
  normalizer: { type: 'Sequence', normalizers: [{ type: 'Replace', pattern: { Regex } }] },
});

describe('checkTokenizer', () => {
  it('accepts the demo tokenizer, and checks it against the vocabulary size', () => {
    const bytes = readFileSync(DEMO);

    expect(() => checkTokenizer(bytes, 9216)).not.toThrow();
    expect(() => checkTokenizer(bytes, 9215)).toThrow(INVALID);
  });

  it.each([' {2,}', '\\s+', '[\\r\\n]', '[^a-z]*', '\\p{N}', '\\d{1,3}', 'x'])(
    'takes the expression %j',
    (expression) => {
      expect(() => check(withExpression(expression))).not.toThrow();
    },
  );

  it.each([
    '(a+)+$',
    '(a|aa)+',
    'a*a*a*b',
    '\\s*\\s*',
    '(.*a){20}',
    '(x)\\1',
    '.*',
    '[a-z',
    'a{1000000}',
    '',
    7,
  ])('rejects the expression %j', (expression) => {
    expect(() => check(withExpression(expression))).toThrow(INVALID);
  });

  it.each([
    ['an id behind the vocabulary', { model: { vocab: { a: 4 } } }],
    ['a negative id', { model: { vocab: { a: -1 } } }],
    ['an id that is a text', { model: { vocab: { a: '0' } } }],
    ['an added token behind the vocabulary', { added_tokens: [{ id: 4, content: 'a' }] }],
    ['added tokens that are no list', { added_tokens: {} }],
    ['a vocabulary that is a list', { model: { vocab: [] } }],
    ['a list', []],
    ['steps within steps without end', { normalizer: nest(100) }],
  ])('rejects %s', (_, json) => {
    expect(() => check(json)).toThrow(INVALID);
  });

  it('rejects a file above the size limit before parsing it', () => {
    expect(() => checkTokenizer(Buffer.alloc(80 * 2 ** 20 + 1, '{'), 4)).toThrow(
      '(limit 83886080)',
    );
  });
});

function nest(depth: number): unknown {
  return depth === 0 ? {} : { normalizers: [nest(depth - 1)] };
}
