import type { PromptSegment } from '../language/build-prompt.js';
import { createTensor } from '../tensor/tensor.js';
import { splicePrompt } from './splice-prompt.js';
import type { TokenEmbeddings } from './token-embeddings.js';

const tokenEmbeddings: TokenEmbeddings = {
  hiddenSize: 2,
  embed: (ids) => createTensor([ids.length, 2], Float32Array.from(ids.flatMap((id) => [id, -id]))),
  close: () => undefined,
};
const picture = (value: number, tokens: number) =>
  createTensor([tokens, 2], new Float32Array(tokens * 2).fill(value));
const text = (...ids: number[]): PromptSegment => ({ kind: 'text', ids });
const image = (index: number): PromptSegment => ({ kind: 'image', index });
const video = (index: number): PromptSegment => ({ kind: 'video', index });

describe('splicePrompt', () => {
  it('puts each picture where the prompt keeps its place', () => {
    const { inputsEmbeds, placeholders, textIds } = splicePrompt(
      [text(1, 4), image(0), text(5), image(1)],
      { image: [picture(0.5, 3), picture(0.25, 1)], video: [] },
      tokenEmbeddings,
    );

    expect(inputsEmbeds.shape).toEqual([7, 2]);
    expect([...inputsEmbeds.data]).toEqual([
      1, -1, 4, -4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 5, -5, 0.25, 0.25,
    ]);
    expect(placeholders).toEqual([
      { offset: 2, length: 3 },
      { offset: 6, length: 1 },
    ]);
    expect(textIds).toEqual([1, 4, 5]);
  });

  it('numbers clips apart from pictures, wherever they stand', () => {
    const chunks = [video(0), text(1), image(0), video(1)];
    const { inputsEmbeds, placeholders } = splicePrompt(
      chunks,
      { image: [picture(3, 1)], video: [picture(6, 2), picture(7, 1)] },
      tokenEmbeddings,
    );

    expect([...inputsEmbeds.data]).toEqual([6, 6, 6, 6, 1, -1, 3, 3, 7, 7]);
    expect(placeholders.map(({ offset }) => offset)).toEqual([0, 3, 4]);
  });

  it('reads a prompt without pictures', () => {
    const { inputsEmbeds, placeholders } = splicePrompt(
      [text(3)],
      { image: [], video: [] },
      tokenEmbeddings,
    );

    expect([...inputsEmbeds.data]).toEqual([3, -3]);
    expect(placeholders).toEqual([]);
  });

  it.each<[string, PromptSegment[], number]>([
    ['a picture too many', [text(1)], 1],
    ['a place too many', [image(0), image(1)], 1],
    ['one picture twice', [image(0), image(0)], 2],
    ['a picture that does not exist', [image(1)], 1],
    ['a clip in the place of a picture', [video(0)], 1],
  ])('refuses %s', (_, chunks, pictures) => {
    const media = { image: Array.from({ length: pictures }, () => picture(1, 2)), video: [] };

    expect(() => splicePrompt(chunks, media, tokenEmbeddings)).toThrow(RangeError);
  });

  it('refuses pictures of another width', () => {
    const media = { image: [createTensor([2, 3])], video: [] };

    expect(() => splicePrompt([image(0)], media, tokenEmbeddings)).toThrow(RangeError);
  });
});
