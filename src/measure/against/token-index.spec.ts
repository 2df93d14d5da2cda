import { tinyTokenizer, tinyTokenizerConfig } from '../../../test/tiny-model/tiny-tokenizer.js';
import { createTokenizer } from '../../language/tokenizer.js';
import type { TokenName } from './server-answer.js';
import { createTokenIndex } from './token-index.js';

const VOCABULARY = 16;
const index = createTokenIndex(
  createTokenizer(tinyTokenizer(), tinyTokenizerConfig(), null),
  VOCABULARY,
);
const named = (text: string): TokenName => ({ kind: 'text', bytes: [...Buffer.from(text)] });

/** Ids: 8 `▁`, 9 `a`, 13 `▁a`, 15 `ab`. */
describe('createTokenIndex', () => {
  it.each([
    ['a', 'later', [9]],
    [' a', 'later', [13]],
    ['ab', 'later', [15]],
    ['</s>', 'later', [2]],
    // The space before the first word of an answer is dropped.
    ['a', 'first', [9, 13]],
    [' a', 'first', []],
    ['x', 'later', []],
  ] as const)('finds "%s" at a %s position', (text, position, ids) => {
    expect(index.find(named(text), position)).toEqual(ids);
  });

  it('takes ids of the vocabulary as they are', () => {
    expect(index.find({ kind: 'id', id: 3 }, 'later')).toEqual([3]);
    expect(index.find({ kind: 'id', id: VOCABULARY }, 'later')).toEqual([]);
  });
});
