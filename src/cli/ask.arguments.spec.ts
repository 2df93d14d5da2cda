import { join } from 'node:path';

import { splitQuestion } from './ask.js';

const samples = join(import.meta.dirname, '../../samples');

describe('splitQuestion', () => {
  it('takes the last word for the question', () => {
    expect(splitQuestion(['a.png', 'b.png', ' Who? '])).toEqual({
      files: ['a.png', 'b.png'],
      questions: ['Who?'],
    });
    expect(splitQuestion(['Who?'])).toEqual({ files: [], questions: ['Who?'] });
  });

  it.each([[[]], [['']], [['a.png', ' ']], [[join(samples, 'fox.png')]]])(
    'misses a question in %j',
    (words) => {
      expect(() => splitQuestion(words)).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
      );
    },
  );
});
