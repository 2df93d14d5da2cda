import type { TokenEmbeddings } from '../decoder/token-embeddings.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import {
  embedPositions,
  firstPositions,
  promptTokenIds,
  toCacheKeyedPrompt,
} from './cache-keyed-prompt.js';

const tokenEmbeddings: TokenEmbeddings = {
  hiddenSize: 2,
  embed: (ids) => createTensor([ids.length, 2], Float32Array.from(ids.flatMap((id) => [id, -id]))),
  close: () => undefined,
};
const MEDIA = new Map<string, FloatTensor>([
  ['fox', createTensor([3, 2], Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6))],
  ['video', createTensor([1, 2], Float32Array.of(7.5, 8.5))],
]);
const prompt = toCacheKeyedPrompt(
  [
    { kind: 'text', ids: [1, 2] },
    { kind: 'image', index: 0 },
    { kind: 'text', ids: [3] },
    { kind: 'video', index: 0 },
    { kind: 'text', ids: [4, 5] },
  ],
  { image: [{ key: 'fox', visualTokens: 3 }], video: [{ key: 'video', visualTokens: 1 }] },
);

describe('toCacheKeyedPrompt', () => {
  it('computes the length and the end of the last media', () => {
    expect(prompt).toMatchObject({ length: 9, mediaEnd: 7, mediaPositions: 4 });
  });

  it('refuses a reference to a missing image', () => {
    const chunks = [{ kind: 'image', index: 1 }] as const;
    expect(() => toCacheKeyedPrompt(chunks, { image: [], video: [] })).toThrow(RangeError);
  });
});

describe('promptTokenIds', () => {
  it('repeats the placeholder token for each position of an image or video', () => {
    const ids = promptTokenIds(prompt, { image: 90, video: 91 });

    expect(ids).toEqual([1, 2, 90, 90, 90, 3, 91, 4, 5]);
    expect(ids).toHaveLength(prompt.length);
  });
});

describe('firstPositions', () => {
  it('cuts text and media segments at any position', () => {
    expect(firstPositions(prompt.segments, 4)).toEqual([
      { kind: 'text', ids: [1, 2] },
      { kind: 'media', key: 'fox', length: 2 },
    ]);
    expect(firstPositions(prompt.segments, 1)).toEqual([{ kind: 'text', ids: [1] }]);
    expect(firstPositions(prompt.segments, 99)).toEqual(prompt.segments);
  });
});

describe('embedPositions', () => {
  const embed = (from: number, to: number) =>
    embedPositions(prompt, from, to, MEDIA, tokenEmbeddings);

  it('returns the same embeddings for any split', () => {
    const whole = [...embed(0, 9).data];
    expect(whole.slice(0, 6)).toEqual([1, -1, 2, -2, Math.fround(0.1), Math.fround(0.2)]);
    for (let split = 1; split < 9; split++) {
      expect([...embed(0, split).data, ...embed(split, 9).data]).toEqual(whole);
    }
  });

  it('needs only the features of the requested positions', () => {
    expect(embedPositions(prompt, 7, 9, new Map(), tokenEmbeddings).shape).toEqual([2, 2]);
    expect(() => embedPositions(prompt, 4, 9, new Map(), tokenEmbeddings)).toThrow(RangeError);
  });

  it('refuses features whose length differs from the segment', () => {
    const wrong = new Map([['fox', createTensor([2, 2])]]);
    expect(() => embedPositions(prompt, 0, 3, wrong, tokenEmbeddings)).toThrow(RangeError);
  });
});
