import type { PromptChunk } from '../language/build-prompt.js';
import { countSharedPositions, takeOnlyImage } from './request-prompts.js';
import { countTextIds, resolveVisualTokenBudget } from './visual-token-budget.js';

const text = (...ids: number[]): PromptChunk => ({ kind: 'text', ids });
const image: PromptChunk = { kind: 'image', index: 0 };

describe('takeOnlyImage', () => {
  it('takes the picture that every conversation shows once', () => {
    const bytes = new Uint8Array([1]);

    expect(
      takeOnlyImage(
        [bytes],
        [
          [image, text(1)],
          [text(2), image],
        ],
      ),
    ).toBe(bytes);
  });

  it.each([
    ['no picture', 0, [[text(1)]]],
    ['two pictures', 2, [[image, image]]],
    ['a conversation without it', 1, [[image], [text(1)]]],
    ['a conversation with it twice', 1, [[image, image]]],
  ])('refuses %s', (_, count, prompts) => {
    const images = Array.from({ length: count }, () => new Uint8Array([1]));

    expect(() => takeOnlyImage(images, prompts)).toThrow('exactly one picture');
  });
});

describe('countSharedPositions', () => {
  it('counts text, picture and text up to the first difference', () => {
    expect(
      countSharedPositions([text(1, 2), image, text(3, 4)], [text(1, 2), image, text(3, 5)], [10]),
    ).toBe(13);
  });

  it('stops before the picture when the text before it differs', () => {
    expect(countSharedPositions([text(1, 2), image], [text(1, 9), image, text(3)], [10])).toBe(1);
  });

  it('leaves the last position of equal prompts and of a prompt that ends early', () => {
    expect(countSharedPositions([text(1, 2), image], [text(1, 2), image], [10])).toBe(11);
    expect(countSharedPositions([text(1, 2, 3)], [text(1, 2)], [])).toBe(1);
  });
});

describe('resolveVisualTokenBudget', () => {
  const limits = { maxPositions: 100, maxTokens: 20, minVisualTokens: 50 };

  it('leaves to pictures what the longest text and the answer do not take', () => {
    const prompts = [
      [text(1, 2, 3), image],
      [text(1), image, text(2, 3, 4, 5)],
    ];

    expect(prompts.map(countTextIds)).toEqual([3, 5]);
    expect(resolveVisualTokenBudget(prompts, limits)).toBe(75);
  });

  it('accepts a text that leaves just enough and refuses one more id, with numbers', () => {
    const longest = Array.from({ length: 30 }, () => 1);

    expect(resolveVisualTokenBudget([[text(...longest)]], limits)).toBe(50);
    expect(() => resolveVisualTokenBudget([[text(...longest, 1)]], limits)).toThrow(
      expect.objectContaining({
        code: 'CONTEXT_LENGTH_EXCEEDED',
        details: { context_length: 100, text_tokens: 31, min_image_tokens: 50, max_tokens: 20 },
      }) as Error,
    );
  });
});
