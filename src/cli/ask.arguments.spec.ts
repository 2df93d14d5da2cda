import { join } from 'node:path';

import { splitQuestion } from './ask.js';

const samples = join(import.meta.dirname, '../../samples');

describe('splitQuestion', () => {
  it('takes the last argument as the question', () => {
    expect(splitQuestion(['a.png', 'b.png', ' Who? '])).toEqual({
      files: ['a.png', 'b.png'],
      questions: ['Who?'],
    });
    expect(splitQuestion(['Who?'])).toEqual({ files: [], questions: ['Who?'] });
  });

  it('says where the question belongs if it comes first', () => {
    const fox = join(samples, 'fox.png');

    expect(() => splitQuestion(['Who?', fox])).toThrow(`npx salamandra ask ${fox} "Who?"`);
  });

  it.each([[[]], [['']], [['a.png', ' ']], [[join(samples, 'fox.png')]], [['missing.JPG']]])(
    'rejects %j',
    (words) => {
      expect(() => splitQuestion(words)).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
      );
    },
  );
});
