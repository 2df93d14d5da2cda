import type { ByKind, PromptSegment } from '../language/build-prompt.js';
import {
  assertEachMediaReferencedOnce,
  alignedSharedPrefix,
  commonPrefixLength,
  countTextIds,
  findCommonPrefix,
} from './prompts.js';
import type { RequestMedia } from './vision-language-engine.js';
import { resolveVisualTokenBudget, shareFrames } from './visual-token-budget.js';

const text = (...ids: number[]): PromptSegment => ({ kind: 'text', ids });
const image: PromptSegment = { kind: 'image', index: 0 };
const video: PromptSegment = { kind: 'video', index: 0 };
const TEN_TOKENS_EACH = { image: [10], video: [10] };
const sentImage = { kind: 'image', bytes: new Uint8Array(1) } as const;
const sentVideo = {
  kind: 'video',
  path: 'video.mp4',
  sampling: { mode: 'uniform', frames: { count: 2 } },
} as const;

describe('assertEachMediaReferencedOnce', () => {
  it('accepts conversations that reference every media item once, in any order', () => {
    const prompts = [
      [image, video, text(1)],
      [text(2), video, image],
    ];

    expect(() => assertEachMediaReferencedOnce([sentVideo, sentImage], prompts)).not.toThrow();
    expect(() => assertEachMediaReferencedOnce([], [[text(1)]])).not.toThrow();
  });

  it.each<[string, RequestMedia[], PromptSegment[][]]>([
    ['an image without a reference', [sentImage], [[image], [text(1)]]],
    ['a reference to a missing image', [], [[image]]],
    ['a video instead of an image', [sentImage], [[video]]],
    ['an image twice', [sentImage], [[image, { kind: 'image', index: 1 }]]],
  ])('refuses %s', (_, media, prompts) => {
    expect(() => assertEachMediaReferencedOnce(media, prompts)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER' }) as Error,
    );
  });
});

describe('findCommonPrefix', () => {
  const lengthOf = (prompts: PromptSegment[][], visualTokens: ByKind<number> = TEN_TOKENS_EACH) =>
    commonPrefixLength(findCommonPrefix(prompts), visualTokens);

  it('counts text, image and text up to the first difference', () => {
    const prompts = [3, 5, 4].map((last) => [text(1, 2), image, text(3, last)]);
    expect(findCommonPrefix(prompts)).toEqual({ textTokens: 3, media: [image] });
    expect(lengthOf(prompts)).toBe(13);
    expect(lengthOf([...prompts, [text(1, 2), image, text(9, 9)]])).toBe(12);
  });

  it('stops before the image if the text before it differs', () => {
    const prompts = [
      [text(1, 2), image],
      [text(1, 9), image, text(3)],
    ];
    expect(lengthOf(prompts)).toBe(1);
  });

  it('distinguishes images from videos and from one another', () => {
    const second: PromptSegment = { kind: 'image', index: 1 };
    const visualTokens = { image: [3, 4], video: [5] };
    const common = (next: PromptSegment[]) =>
      lengthOf([[image, second, video, text(1)], next], visualTokens);

    expect(common([image, second, video, text(2)])).toBe(12);
    expect(common([image, video, second, text(1)])).toBe(3);
    expect(common([video, image, second, text(1)])).toBe(0);
  });

  it('excludes the last element of equal prompts, of the shorter prompt and of a single prompt', () => {
    expect(lengthOf([[text(1, 2), image, text(3)]])).toBe(12);
    expect(lengthOf([[text(1, 2)], [text(1, 2)]])).toBe(1);
    expect(lengthOf([[text(1, 2, 3)], [text(1, 2)]])).toBe(1);
    expect(lengthOf([[text(1, 2)], [text(1, 2, 3)]])).toBe(1);
    expect(lengthOf([])).toBe(0);
  });
});

describe('alignedSharedPrefix', () => {
  it.each([
    [0, 0],
    [16, 0],
    [17, 16],
    [32, 16],
    [33, 32],
    [700, 688],
  ])('aligns a common prefix of %i positions to %i', (common, aligned) => {
    expect(alignedSharedPrefix(common)).toBe(aligned);
  });
});

describe('resolveVisualTokenBudget', () => {
  const limits = { maxPositions: 100, maxTokens: 20, minVisualTokens: 50 };

  it('subtracts the longest text and the answer from the context window', () => {
    const prompts = [
      [text(1, 2, 3), image],
      [text(1), image, text(2, 3, 4, 5)],
    ];

    expect(prompts.map(countTextIds)).toEqual([3, 5]);
    expect(resolveVisualTokenBudget(prompts, limits)).toBe(75);
  });

  it('accepts a text that leaves the minimum and refuses one more token, with the numbers', () => {
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

describe('shareFrames', () => {
  it.each<[string, number[], number, number[]]>([
    ['all requested frames if they fit', [4, 2], 1000, [4, 2]],
    ['one frame each without spare tokens', [8, 8], 15, [1, 1]],
    ['one frame at a time in turn if tokens are scarce', [8, 8, 8], 16 * 4, [3, 2, 2]],
    ['the rest to the video that requests more', [2, Infinity], 16 * 6, [2, 6]],
    ['nothing without videos', [], 100, []],
  ])('assigns %s', (_, requested, spareTokens, shares) => {
    expect(shareFrames(requested, spareTokens, 16)).toEqual(shares);
  });
});
