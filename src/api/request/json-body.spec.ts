import { MAX_JSON_DEPTH, MAX_JSON_NODES } from '../../config/limits.js';
import { checkJsonText, checkNames } from './json-body.js';

const check = (text: string) => {
  checkJsonText(Buffer.from(text));
};
const tooMuch = expect.objectContaining({ code: 'INVALID_REQUEST' }) as Error;

describe('checkJsonText', () => {
  it('accepts as many values and levels as are allowed, and no more', () => {
    check(`[${'1,'.repeat(MAX_JSON_NODES - 3)}1]`);
    check('['.repeat(MAX_JSON_DEPTH) + ']'.repeat(MAX_JSON_DEPTH));

    expect(() => check(`[${'1,'.repeat(MAX_JSON_NODES)}1]`)).toThrow(tooMuch);
    expect(() => check('['.repeat(MAX_JSON_DEPTH + 1))).toThrow(tooMuch);
    expect(() => check('{"a":'.repeat(MAX_JSON_DEPTH + 1))).toThrow(tooMuch);
  });

  it.each([
    ['values', `{"a":[${'{},'.repeat(4_000_000)}{}]}`],
    ['levels', '['.repeat(6_000_000)],
    ['names', `{${'"":0,'.repeat(2_000_000)}"":0}`],
  ])('rejects millions of %s', (_, text) => {
    expect(() => check(text)).toThrow(tooMuch);
  });

  it('ignores brackets and commas inside strings', () => {
    check(`{"text":"${'[,{'.repeat(5_000)}"}`);
    check(`{"text":"${'\\"[,'.repeat(5_000)}","more":"\\\\"}`);
    expect(() => check(`{"text":"\\\\",${'"a":1,'.repeat(MAX_JSON_NODES)}"b":1}`)).toThrow(tooMuch);
  });
});

describe('checkNames', () => {
  it.each(['{"__proto__":1}', '{"a":[{"constructor":1}]}', '{"a":{"b":{"prototype":1}}}'])(
    'rejects the reserved name in %s',
    (text) => {
      expect(() => {
        checkNames(JSON.parse(text));
      }).toThrow(expect.objectContaining({ code: 'UNKNOWN_FIELD' }) as Error);
    },
  );

  it('accepts other names and values', () => {
    for (const value of [null, 1, 'a', [], { a: [{ b: null }] }]) checkNames(value);
  });
});
